using Holdfast.Components.Files;
using Holdfast.Components.Postgres;
using Holdfast.Components.Queues;
using Holdfast.Components.Search;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
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

    /// <summary>The names of what a restore can bring back by itself, of a component that need not be in any profile; none where only the whole can be.</summary>
    /// <exception cref="ProblemException">The record is not what a backup writes.</exception>
    public static IReadOnlyList<string> PartsOf(ComponentRecord record) => record.Kind switch
    {
        "postgres" => PostgresComponent.PartsOf(record) ?? [],
        "queues" => QueuesComponent.PartsOf(record),
        "search" => SearchComponent.PartsOf(record),
        _ => [],
    };
}
