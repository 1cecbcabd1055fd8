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
        var ahead = new Stack<(string Path, ulong Device)>(places.Select(place => (place, 0UL)));
        while (ahead.TryPop(out var next))
        {
            cancellation.ThrowIfCancellationRequested();
            var path = next.Path;
            if (!Disk.TryFind(path, out var type, out var size) || gate.Excludes(path, type)) continue;
            if (type == NodeType.Directory)
            {
                // Only where another file system begins can it be one of the kernel's.
                var device = LocalEntries.DeviceOf(path);
                if (device != next.Device && LocalEntries.KernelFileSystem(path) is not null) continue;
                var prefix = path == "/" ? path : path + "/";
                foreach (var name in Disk.Names(path)) ahead.Push((prefix + name, device));
                continue;
            }
            files++;
            bytes += size;
        }
        return new(files, bytes);
    }
}
