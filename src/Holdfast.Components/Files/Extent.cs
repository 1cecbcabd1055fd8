using Holdfast.Components.Files.Paths;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Files;

/// <summary>How much a selection is: files and their bytes. It is a look ahead, for progress; files may change meanwhile.</summary>
internal readonly record struct Extent(long Files, long Bytes)
{
    /// <summary>Walks everything that would be captured, reading no content; the gate has then met every data directory.</summary>
    public static Extent Measure(IEnumerable<string> places, Gate gate, CancellationToken cancellation)
    {
        long files = 0, bytes = 0;
        // Names wait with their folder, not each as a whole path: a folder may have very many.
        var ahead = new Stack<(string Prefix, ulong Device, IReadOnlyList<string> Names, int Next)>([("", 0, [.. places], 0)]);
        while (ahead.TryPop(out var folder))
        {
            cancellation.ThrowIfCancellationRequested();
            if (folder.Next == folder.Names.Count) continue;
            ahead.Push((folder.Prefix, folder.Device, folder.Names, folder.Next + 1));
            var path = folder.Prefix + folder.Names[folder.Next];
            if (!Disk.TryFind(path, out var type, out var size) || gate.Excludes(path, type)) continue;
            if (type == NodeType.Directory)
            {
                // Only where another file system begins can it be one of the kernel's.
                var device = LocalEntries.DeviceOf(path);
                if (device != folder.Device && LocalEntries.KernelFileSystem(path) is not null) continue;
                ahead.Push((path == "/" ? path : path + "/", device, Disk.Names(path), 0));
                continue;
            }
            files++;
            bytes += size;
        }
        return new(files, bytes);
    }
}
