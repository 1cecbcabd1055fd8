using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Checking;

/// <summary>The section 'checks' of a profile, as far as the engine's own sources need it.</summary>
public sealed record CheckSettings
{
    /// <summary>
    /// The time limit of each source. 10 seconds by default: a server that responds more slowly needs attention.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The age from which a recovery point causes a warning. 26 hours by default: one a day, and two hours for a backup
    /// that took longer.
    /// </summary>
    public TimeSpan PointAge { get; init; } = TimeSpan.FromHours(26);

    public DiskLimits Disk { get; init; } = new();

    /// <summary>TCP ports through which users reach the platform.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>Requests that ask the platform about its users: items of 'checks.users.http'.</summary>
    public IReadOnlyList<ProfileNode> Http { get; init; } = [];

    /// <summary>Reads a valid profile.</summary>
    public static CheckSettings Read(Profile profile)
    {
        var defaults = new CheckSettings();
        if (profile.Root.Find("checks") is not { } checks) return defaults;
        return new CheckSettings
        {
            Timeout = checks.Find("timeout")?.Duration ?? defaults.Timeout,
            PointAge = checks.Find("point-age")?.Duration ?? defaults.PointAge,
            Disk = DiskLimits.Read(checks.Find("disk")),
            Ports = [.. checks.Find("users")?.Find("ports")?.Items.Select(port => port.Integer) ?? []],
            Http = checks.Find("users")?.Find("http")?.Items ?? [],
        };
    }
}
