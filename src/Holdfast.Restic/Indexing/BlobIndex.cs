using System.Runtime.InteropServices;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Indexing;

/// <summary>
/// Where every blob lies, in memory: 52 bytes a blob and 5 to 11 for finding it, in pages, so that growing copies
/// nothing large. Reading and adding go on at once. The first place told for a blob wins; others are kept beside, for when that one is lost.
/// </summary>
internal sealed class BlobIndex
{
    private const int PageBits = 12;
    private const int Page = 1 << PageBits;

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Entry
    {
        public Id Id;
        public uint Pack;
        public uint Offset;
        public uint Length;
        public uint UncompressedLength;
        public BlobType Type;
    }

    private readonly Lock _gate = new();
    private readonly List<Entry[]> _pages = [];
    private readonly List<Id> _packs = [];
    private readonly Dictionary<Id, uint> _packNumbers = [];
    private int[] _buckets = new int[Page]; // number of an entry plus one; 0 is free; open addressing
    private readonly Dictionary<(Id Id, BlobType Type), PackedBlob[]> _others = []; // few: an interrupted backup or two writers at once leave them
    private int _count;

    public long Count => _count;

    /// <summary>Entries that named a blob which had a place already.</summary>
    public long Duplicates { get; private set; }

    /// <summary>All packs that any entry was added with.</summary>
    public IReadOnlyCollection<Id> Packs
    {
        get
        {
            lock (_gate) return [.. _packs];
        }
    }

    public bool TryFind(Id id, BlobType type, out PackedBlob blob)
    {
        lock (_gate)
        {
            var number = _buckets[Slot(id, type)];
            blob = number == 0 ? default : Read(number - 1).Blob;
            return number != 0;
        }
    }

    /// <summary>Finds a blob that must be there.</summary>
    /// <exception cref="ResticException">Damaged: no index knows it.</exception>
    public PackedBlob Find(Id id, BlobType type) => TryFind(id, type, out var blob)
        ? blob
        : throw new ResticException(ResticError.Damaged, $"The {(type == BlobType.Tree ? "tree" : "data")} blob {id} is in no index of the repository that can be read.");

    public bool Contains(Id id, BlobType type) => TryFind(id, type, out _);

    public void Add(Id id, in PackedBlob blob)
    {
        lock (_gate)
        {
            var pack = NumberOf(blob.Pack);
            var slot = Slot(id, blob.Type);
            if (_buckets[slot] != 0)
            {
                Duplicates++;
                KeepOther(id, blob, Read(_buckets[slot] - 1).Blob);
                return;
            }
            if (_count >> PageBits == _pages.Count) _pages.Add(new Entry[Page]);
            _pages[_count >> PageBits][_count & (Page - 1)] = new Entry
            {
                Id = id, Pack = pack, Offset = blob.Offset, Length = blob.Length, UncompressedLength = blob.UncompressedLength, Type = blob.Type,
            };
            _buckets[slot] = ++_count;
            if (_count > _buckets.Length / 4 * 3) Grow();
        }
    }

    /// <summary>All places of a blob but one, which is known to be lost.</summary>
    public IReadOnlyList<PackedBlob> OtherPlaces(Id id, PackedBlob lost)
    {
        lock (_gate)
        {
            if (!_others.TryGetValue((id, lost.Type), out var others)) return [];
            return [.. others.Append(Read(_buckets[Slot(id, lost.Type)] - 1).Blob).Where(place => place != lost)];
        }
    }

    /// <summary>Every blob with its place, in the order they were added. Blobs added meanwhile may be missing.</summary>
    public IEnumerable<(Id Id, PackedBlob Blob)> All
    {
        get
        {
            for (var i = 0; i < Volatile.Read(ref _count); i++)
            {
                (Id, PackedBlob) item;
                lock (_gate) item = Read(i);
                yield return item;
            }
        }
    }

    private void KeepOther(Id id, in PackedBlob blob, in PackedBlob first)
    {
        if (blob == first) return; // several index files list the same pack
        var others = _others.GetValueOrDefault((id, blob.Type), []);
        if (!others.Contains(blob)) _others[(id, blob.Type)] = [.. others, blob];
    }

    private (Id Id, PackedBlob Blob) Read(int number)
    {
        ref var entry = ref At(number);
        return (entry.Id, new PackedBlob(_packs[(int)entry.Pack], entry.Type, entry.Offset, entry.Length, entry.UncompressedLength));
    }

    private ref Entry At(int number) => ref _pages[number >> PageBits][number & (Page - 1)];

    private uint NumberOf(Id pack)
    {
        if (_packNumbers.TryGetValue(pack, out var number)) return number;
        number = (uint)_packs.Count;
        _packs.Add(pack);
        _packNumbers.Add(pack, number);
        return number;
    }

    /// <summary>The bucket that holds the blob, or the free one where it would go.</summary>
    private int Slot(Id id, BlobType type)
    {
        var mask = _buckets.Length - 1;
        for (var slot = id.GetHashCode() & mask; ; slot = (slot + 1) & mask)
        {
            if (_buckets[slot] == 0) return slot;
            ref var entry = ref At(_buckets[slot] - 1);
            if (entry.Id == id && entry.Type == type) return slot;
        }
    }

    private void Grow()
    {
        _buckets = new int[_buckets.Length * 2];
        for (var i = 0; i < _count; i++)
        {
            ref var entry = ref At(i);
            _buckets[Slot(entry.Id, entry.Type)] = i + 1;
        }
    }
}
