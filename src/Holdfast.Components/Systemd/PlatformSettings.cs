using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Systemd;

/// <summary>The sections 'services' and 'quiesce' of a profile.</summary>
internal sealed record PlatformSettings
{
    /// <summary>In the order in which they are stopped.</summary>
    public required IReadOnlyList<ServiceGroup> Groups { get; init; }

    /// <summary>
    /// The time limit for quiescing the platform. 5 minutes by default: after a longer outage, users call.
    /// </summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Continues a backup online when the platform cannot be quiesced in time. False by default: the point would have
    /// an unexpected skew.
    /// </summary>
    public bool OnlineWhenLate { get; init; }

    /// <summary>
    /// The time for which a unit must stay active before it counts as started. 2 seconds by default: programs that lack
    /// something fail within one.
    /// </summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The time limit for the start of a unit without a time limit of its own. 5 minutes: after that, an administrator
    /// should look.
    /// </summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The time for which a starting unit delays the next ones. 2 minutes: more than systemd's default for a unit, and
    /// less than users accept.
    /// </summary>
    public TimeSpan StartPatience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Patterns of files that hold the number of a process.</summary>
    public IReadOnlyList<string> PidFiles { get; init; } = [];

    /// <summary>Patterns of processes that must have ended when the platform is quiesced.</summary>
    public IReadOnlyList<string> Processes { get; init; } = [];

    /// <summary>Terminates such processes. False by default: their owners are unknown.</summary>
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
