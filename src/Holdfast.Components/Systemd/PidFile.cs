namespace Holdfast.Components.Systemd;

/// <summary>A file that should hold the number of a process. <paramref name="Stale"/> says why it does not; null when its process runs.</summary>
public sealed record PidFile(string Path, int Process, string? Stale)
{
    /// <summary>The UID of its owner.</summary>
    public uint User { get; init; }
}
