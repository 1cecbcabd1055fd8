using Holdfast.Engine.Profiles;
using Holdfast.Engine.Quantities;

namespace Holdfast.Engine.Checking;

/// <summary>The free space that a disk must have, in bytes: 'checks.disk' of the profile.</summary>
public sealed record DiskLimits
{
    /// <summary>The failure limit. 1 GiB by default: a run that fills the disk fails halfway.</summary>
    public long FailBelow { get; init; } = 1L << 30;

    /// <summary>The warning limit. 10 GiB by default.</summary>
    public long WarnBelow { get; init; } = 10L << 30;

    /// <summary>The warning limit in percent of the file system. 10 by default.</summary>
    public int WarnPercent { get; init; } = 10;

    /// <summary>
    /// The limits of the state directory, which holds only journals: a failure below 64 MiB and a warning below 256
    /// MiB, whatever the size of the disk.
    /// </summary>
    public static DiskLimits OfState { get; } = new() { FailBelow = 64L << 20, WarnBelow = 256L << 20, WarnPercent = 0 };

    /// <summary>The defaults where the profile says nothing.</summary>
    public static DiskLimits Read(ProfileNode? node)
    {
        var defaults = new DiskLimits();
        return node is null ? defaults : new DiskLimits
        {
            FailBelow = node.Find("fail-below") is { } fail ? ByteSize.Parse(fail.Text) : defaults.FailBelow,
            WarnBelow = node.Find("warn-below") is { } warn ? ByteSize.Parse(warn.Text) : defaults.WarnBelow,
            WarnPercent = node.Find("warn-percent")?.Integer ?? defaults.WarnPercent,
        };
    }
}
