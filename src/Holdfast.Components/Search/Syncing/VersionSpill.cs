using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Holdfast.Components.Search.Bulk;
using Holdfast.Engine.Hosts;

namespace Holdfast.Components.Search.Syncing;

/// <summary>
/// Ids and versions on the disk, parted by a hash of the id, so that two sides can be compared part by part and memory stays bounded however
/// many there are. Its files have no name any more once they are open, so nothing of them is left behind.
/// </summary>
internal sealed class VersionSpill : IDisposable
{
    /// <summary>The lengths of id and version, the sequence number and the term.</summary>
    private const int Header = 2 + 2 + 8 + 8;

    private readonly FileStream[] _parts;

    public VersionSpill(string folder, string name, int parts)
    {
        PrivateFolder.Make(folder);
        _parts = new FileStream[parts];
        for (var i = 0; i < parts; i++)
        {
            var path = Path.Combine(folder, $"{name}-{i}");
            _parts[i] = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite, BufferSize = 32 << 10, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
            File.Delete(path);
        }
    }

    /// <summary>The number of documents.</summary>
    public long Count { get; private set; }

    public void Add(ReadOnlySpan<byte> id, ReadOnlySpan<byte> version, SeenDocument seen)
    {
        Span<byte> header = stackalloc byte[Header];
        BinaryPrimitives.WriteUInt16LittleEndian(header, checked((ushort)id.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], checked((ushort)version.Length));
        BinaryPrimitives.WriteInt64LittleEndian(header[4..], seen.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(header[12..], seen.Term);
        var part = _parts[XxHash3.HashToUInt64(id) % (uint)_parts.Length];
        part.Write(header);
        part.Write(id);
        part.Write(version);
        Count++;
    }

    /// <summary>The documents of one part, in the order in which they were added.</summary>
    public IEnumerable<(string Id, string Version, SeenDocument Seen)> Read(int part)
    {
        var file = _parts[part];
        file.Position = 0;
        var header = new byte[Header];
        var text = new byte[2 * ushort.MaxValue];
        while (file.ReadAtLeast(header, Header, throwOnEndOfStream: false) == Header)
        {
            var (id, version) = (BinaryPrimitives.ReadUInt16LittleEndian(header), BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(2)));
            file.ReadExactly(text.AsSpan(0, id + version));
            yield return (
                Encoding.UTF8.GetString(text, 0, id), Encoding.UTF8.GetString(text, id, version),
                new SeenDocument(BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(4)), BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(12))));
        }
    }

    public void Dispose()
    {
        foreach (var part in _parts) part?.Dispose();
    }
}
