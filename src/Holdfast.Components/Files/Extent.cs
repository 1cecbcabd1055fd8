using Holdfast.Components.Files.Paths;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Files;

/// <summary>
/// The number of files of a selection and their size in bytes. An estimate for the progress display; files may change
/// meanwhile.
/// </summary>
internal readonly record struct Extent(long Files, long Bytes)
{
    /// <summary>
    /// Walks everything that would be captured without reading content; afterwards the gate knows every data directory.
    /// </summary>
    public static Extent Measure(IEnumerable<string> places, Gate gate, CancellationToken cancellation)
    {
        long files = 0, bytes = 0;
        // Names are kept with their folder, not each as a whole path: a folder may have very many.
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
                // Only where another file system begins can it be a file system of the kernel.
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
