using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>One file on its way: it grows under a temporary name, blobs come in any order from several threads.</summary>
internal sealed class FileJob(Node node, string path, FileStatus? standing)
{
    public Node Node { get; } = node;
    public string Path { get; } = path;

    /// <summary>What stands at the path, if anything.</summary>
    public FileStatus? Standing { get; } = standing;

    /// <summary>Bytes of all blobs together.</summary>
    public long Size { get; set; }

    /// <summary>Bytes that are written.</summary>
    public long Written { get; set; }

    /// <summary>Blobs that are not written yet.</summary>
    public int Remaining;

    /// <summary>Why it cannot be restored: the first reason.</summary>
    public string? Failure { get; set; }

    /// <summary>Held while the file is written to or finished.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Where it grows; null before it was begun and after it was finished.</summary>
    public string? Temporary { get; set; }

    /// <summary>Open between writes, unless too many are.</summary>
    public SafeFileHandle? Handle { get; set; }
}
