using Holdfast.Engine.Quantities;
using Holdfast.Restic.Backends;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// Transfer limits for a repository on another machine that were given beside the profile, and override it.
/// </summary>
/// <param name="Clock">The clock that seconds are measured by; null for the system's.</param>
/// <param name="Upload">Bytes a second; 0 for no limit, null for the profile's.</param>
/// <param name="Download">The same.</param>
public readonly record struct TransferLimits(TimeProvider? Clock, long? Upload, long? Download)
{
    /// <summary>The effective limits, combined with those of the profile.</summary>
    /// <param name="repository">The value of 'repository'; null where there is no profile.</param>
    internal Traffic Of(ProfileNode? repository) => new()
    {
        Connections = repository?.Find("connections")?.Integer ?? Traffic.UsualConnections,
        Upload = Limit(Upload ?? RateOf(repository?.Find("limit-upload"))),
        Download = Limit(Download ?? RateOf(repository?.Find("limit-download"))),
    };

    private static long? RateOf(ProfileNode? rate) => rate is null ? null : ByteSize.Parse(rate.Text);

    private RateLimit? Limit(long? bytes) => bytes is > 0 and var most ? new RateLimit(most, Clock ?? TimeProvider.System) : null;
}
