using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Files;

/// <summary>The amount that a writer has archived so far.</summary>
internal readonly record struct Figures(long Files, long Directories, long Bytes)
{
    public static Figures Of(ArchiveCounters counters) => new(
        Interlocked.Read(ref counters.FilesNew) + Interlocked.Read(ref counters.FilesChanged) + Interlocked.Read(ref counters.FilesUnchanged),
        Interlocked.Read(ref counters.Directories),
        Interlocked.Read(ref counters.BytesRead));

    public static Figures operator -(Figures later, Figures earlier) =>
        new(later.Files - earlier.Files, later.Directories - earlier.Directories, later.Bytes - earlier.Bytes);
}
