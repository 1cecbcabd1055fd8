using Holdfast.Components.Files;
using Holdfast.Components.Postgres;
using Holdfast.Components.Queues;
using Holdfast.Components.Search;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Profiles;

namespace Holdfast.Cli.Sessions;

/// <summary>The only place that knows every kind of component.</summary>
internal static class ComponentList
{
    /// <summary>In the order in which they are captured and restored.</summary>
    public static IReadOnlyList<IComponent> Of(Profile profile, ISecretReader secrets, IHost host, TimeProvider clock)
    {
        var components = new List<IComponent>();
        if (FilesComponent.From(profile, clock) is { } files) components.Add(files);
        foreach (var node in profile.Root["components"].Find("postgres")?.Items ?? []) components.Add(new PostgresComponent(node, secrets, host, clock));
        foreach (var node in profile.Root["components"].Find("queues")?.Items ?? []) components.Add(new QueuesComponent(node, secrets, clock));
        foreach (var node in profile.Root["components"].Find("search")?.Items ?? []) components.Add(new SearchComponent(node, secrets, host, clock, profile.Folder));
        return components;
    }
}
