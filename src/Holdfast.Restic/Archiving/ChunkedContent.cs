namespace Holdfast.Restic.Archiving;

/// <summary>The blobs of a file's content, in order. Chunks may complete in any order, each in its own slot.</summary>
internal sealed class ChunkedContent
{
    private readonly Lock _gate = new();
    private readonly List<Id> _blobs = [];

    public long Size { get; private set; }

    public long BytesAdded { get; private set; }

    public IReadOnlyList<Id> Blobs => _blobs;

    /// <summary>Adds a slot for the next chunk.</summary>
    public int Reserve(int length)
    {
        lock (_gate)
        {
            Size += length;
            _blobs.Add(default);
            return _blobs.Count - 1;
        }
    }

    /// <summary>Appends the same blob <paramref name="count"/> times, each of <paramref name="length"/> bytes.</summary>
    public void Repeat(Id id, int length, int count)
    {
        lock (_gate)
        {
            Size += (long)length * count;
            _blobs.AddRange(Enumerable.Repeat(id, count));
        }
    }

    public void Fill(int slot, Id id, int bytesAdded)
    {
        lock (_gate)
        {
            _blobs[slot] = id;
            BytesAdded += bytesAdded;
        }
    }
}
