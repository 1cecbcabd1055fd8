using Holdfast.Engine.Profiles;
using Holdfast.Engine.Web;

namespace Holdfast.Components.Search.Api;

/// <summary>One item of the profile's list "components: search:".</summary>
internal sealed record SearchSettings
{
    /// <summary>The cluster's name among those of the platform.</summary>
    public required string Name { get; init; }

    public required WebSettings Web { get; init; }

    /// <summary>Names and patterns of indices, as the engine takes them; all but hidden ones by default.</summary>
    public IReadOnlyList<string> Indices { get; init; } = ["*"];

    /// <summary>By alias, what indices are made of; null when the profile does not say.</summary>
    public ProfileNode? Made { get; init; }

    /// <summary>By name, the templates that there should be; null when the profile does not say.</summary>
    public ProfileNode? Templates { get; init; }

    /// <summary>The platform's own commands; null when the profile does not name any.</summary>
    public ProfileNode? Delegates { get; init; }

    /// <summary>Documents that a migration copies in a second; null for no limit.</summary>
    public int? Pace { get; init; }

    /// <summary>The name under which the engine has the repository of its snapshots.</summary>
    public string Repository { get; init; } = "holdfast";

    /// <summary>
    /// The directory of a repository of type "fs", on every node; null when the repository is one that an administrator
    /// has registered.
    /// </summary>
    public string? Location { get; init; }

    /// <summary>The engine's user, who owns the directory; null when the profile does not name it.</summary>
    public string? Owner { get; init; }

    /// <summary>The configuration file of this machine's node; null when the profile does not name it.</summary>
    public string? Configuration { get; init; }

    /// <summary>The systemd unit of this machine's node; null when the profile does not name it.</summary>
    public string? Service { get; init; }

    /// <summary>The engine's repository is copied into the recovery point; otherwise the point only names the snapshot.</summary>
    public bool Copies { get; init; } = true;

    /// <summary>How many of our own snapshots the engine keeps. At least 1: the next one is incremental to it.</summary>
    public int Keep { get; init; } = 2;

    /// <summary>How long a snapshot, a restore, or the listing of an index for a sync may take. 6 hours by default.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Reads one item of a valid profile.</summary>
    public static SearchSettings Read(ProfileNode node)
    {
        var settings = new SearchSettings { Name = node["name"].Text, Web = WebSettings.Read(node) };
        settings = settings with
        {
            Indices = (node.Find("capture") ?? node.Find("indices"))?.Items is { Count: > 0 } indices ? [.. indices.Select(index => index.Text)] : settings.Indices,
            Made = node.Find("indices") is { IsMapping: true } made ? made : null,
            Templates = node.Find("templates"),
            Delegates = node.Find("delegate"),
            Pace = node.Find("requests-per-second")?.Integer,
            Deadline = node.Find("deadline")?.Duration ?? settings.Deadline,
        };
        return node.Find("repository") is not { } repository ? settings : settings with
        {
            Repository = repository.Find("name")?.Text ?? settings.Repository,
            Location = repository.Find("location")?.Text.TrimEnd('/'),
            Owner = repository.Find("owner")?.Text,
            Configuration = repository.Find("configuration")?.Text,
            Service = repository.Find("service")?.Text,
            Copies = repository.Find("copy")?.Boolean ?? settings.Copies,
            Keep = repository.Find("keep")?.Integer ?? settings.Keep,
        };
    }
}
