using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Systemd;

/// <summary>The sections 'services' and 'quiesce' of a profile.</summary>
internal sealed record PlatformSettings
{
    /// <summary>In the order in which they are stopped.</summary>
    public required IReadOnlyList<ServiceGroup> Groups { get; init; }

    /// <summary>How long it may take until the platform stands still. 5 minutes by default: longer, users call.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A backup that can not make the platform stand still in time goes on while it runs. False by default: the point would have skew that nobody expects.</summary>
    public bool OnlineWhenLate { get; init; }

    /// <summary>How long a unit must stay up before it counts as started. 2 seconds by default: programs that miss something die within one.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a unit may take to start that says itself that it may take for ever. 5 minutes: longer, a person should look.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a unit that starts keeps the next ones waiting. 2 minutes: more than systemd gives a unit by default, and less than users bear.</summary>
    public TimeSpan StartPatience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Patterns of files that hold the number of a process.</summary>
    public IReadOnlyList<string> PidFiles { get; init; } = [];

    /// <summary>Patterns of processes that must be gone when the platform stands still.</summary>
    public IReadOnlyList<string> Processes { get; init; } = [];

    /// <summary>Such processes are terminated. False by default: nobody knows whose they are.</summary>
    public bool KillsStrays { get; init; }

    /// <summary>Reads the sections of a valid profile; null when it names no services.</summary>
    public static PlatformSettings? Read(Profile profile)
    {
        if (profile.Root.Find("services")?.Items is not { Count: > 0 } groups) return null;
        var settings = new PlatformSettings { Groups = [.. groups.Select(ReadGroup)] };
        return profile.Root.Find("quiesce") is not { } quiesce ? settings : settings with
        {
            Deadline = quiesce.Find("deadline")?.Duration ?? settings.Deadline,
            OnlineWhenLate = quiesce.Find("when-late")?.Text == "online",
            Settle = quiesce.Find("settle")?.Duration ?? settings.Settle,
            PidFiles = Texts(quiesce.Find("pid-files")),
            Processes = Texts(quiesce.Find("processes")),
            KillsStrays = quiesce.Find("kill-strays")?.Boolean ?? false,
        };
    }

    private static ServiceGroup ReadGroup(ProfileNode group) => new()
    {
        Name = group["name"].Text,
        Units = Texts(group["units"]),
        StopTimeout = group.Find("stop-timeout")?.Duration,
        StartTimeout = group.Find("start-timeout")?.Duration,
        IsAfterDrain = group.Find("after-drain")?.Boolean ?? false,
        IsStore = group.Find("store")?.Boolean ?? false,
    };

    private static IReadOnlyList<string> Texts(ProfileNode? list) => [.. list?.Items.Select(item => item.Text) ?? []];
}
