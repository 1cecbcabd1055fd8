using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Indexing;

/// <summary>A blob that is stored several times.</summary>
/// <param name="Id">The blob's id.</param>
/// <param name="Places">All its locations; the first one is the one that is read.</param>
internal sealed record BlobCopies(Id Id, IReadOnlyList<PackedBlob> Places);

/// <summary>
/// The locations of all blobs, in memory: 32 bytes a blob, 5 to 7 for the hash table, and 3 for packs of a dozen blobs,
/// or half a byte for packs of hundreds (docs/decisions/0044). Reading and adding are concurrent. The first location
/// added for a blob is used; others are kept as alternatives, in case the first one is lost.
/// </summary>
internal sealed class BlobIndex
{
    private const int PageBits = 12;
    private const int Page = 1 << PageBits;

    /// <summary>The most lengths that are summed to find an offset.</summary>
    private const int LongestStretch = 32;

    /// <summary>A blob without its location.</summary>
    private readonly record struct Entry(BlobKey Key, uint Length, uint UncompressedLength);

    /// <summary>Entries that follow each other in a pack without a gap, up to the first of the next run.</summary>
    private readonly record struct Stretch(int First, int Pack, uint Offset);

    private readonly Lock _gate = new();
    private readonly List<Entry[]> _pages = []; // so that growth copies nothing large
    private readonly List<Stretch> _stretches = [];

    // In the order of runs; a pack added in several parts occurs several times.
    private readonly List<Id> _packs = [];
    private readonly KeyTable _table;

    // Few: interrupted backups and concurrent writers leave them.
    private readonly Dictionary<(Id Id, BlobType Type), PackedBlob[]> _others = [];
    private int _count;
    private uint _end; // the offset behind the last entry

    public BlobIndex() => _table = new KeyTable(number => At(number).Key);

    public long Count => _count;

    /// <summary>The number of entries for blobs that already had a location.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Bytes of memory in use, without the alternative locations.</summary>
    public long Size
    {
        get
        {
            lock (_gate)
                return ((long)_pages.Count * Page * Unsafe.SizeOf<Entry>()) + _table.Size
                    + ((long)_stretches.Capacity * Unsafe.SizeOf<Stretch>()) + ((long)_packs.Capacity * Id.Size);
        }
    }

    public bool TryFind(Id id, BlobType type, out PackedBlob blob)
    {
        lock (_gate)
        {
            var number = NumberOf(id, type);
            blob = number < 0 ? default : Read(number);
            return number >= 0;
        }
    }

    /// <summary>Finds a blob that must exist.</summary>
    /// <exception cref="ResticException">Damaged: no index lists it.</exception>
    public PackedBlob Find(Id id, BlobType type) => TryFind(id, type, out var blob)
        ? blob
        : throw new ResticException(
            ResticError.Damaged,
            $"The {(type == BlobType.Tree ? "tree" : "data")} blob {id} is in no index that can be read.");

    public bool Contains(Id id, BlobType type)
    {
        lock (_gate) return NumberOf(id, type) >= 0;
    }

    /// <summary>Adds blobs of one pack, most efficiently in the order of their offsets.</summary>
    public void Add(IEnumerable<(Id Id, PackedBlob Blob)> blobs)
    {
        lock (_gate)
        {
            foreach (var (id, blob) in blobs) Add(id, blob);
        }
    }

    /// <summary>Returns all locations of a blob except one that is known to be lost.</summary>
    public IReadOnlyList<PackedBlob> OtherPlaces(Id id, PackedBlob lost)
    {
        lock (_gate)
        {
            if (!_others.TryGetValue((id, lost.Type), out var others)) return [];
            return [.. others.Append(Read(NumberOf(id, lost.Type))).Where(place => place != lost)];
        }
    }

    /// <summary>
    /// The locations of every blob, in the order they were added. Blobs added meanwhile may be missing.
    /// </summary>
    public IEnumerable<PackedBlob> Places
    {
        get
        {
            for (var i = 0; i < Volatile.Read(ref _count); i++)
            {
                PackedBlob place;
                lock (_gate) place = Read(i);
                yield return place;
            }
        }
    }

    /// <summary>
    /// Returns the number of a blob, which never changes and can index an array in other structures. -1 when there is
    /// none.
    /// </summary>
    public int Find(BlobType type, Id id)
    {
        lock (_gate) return NumberOf(id, type);
    }

    /// <summary>
    /// Returns each blob by its number, with its first location; with its id and all locations, where it has several.
    /// Blobs added meanwhile may be missing.
    /// </summary>
    public IEnumerable<(int Number, PackedBlob First, BlobCopies? Copies)> Blobs
    {
        get
        {
            Dictionary<int, BlobCopies> copies;
            lock (_gate)
                copies = _others.ToDictionary(
                    item => NumberOf(item.Key.Id, item.Key.Type),
                    item => new BlobCopies(item.Key.Id, [Read(NumberOf(item.Key.Id, item.Key.Type)), .. item.Value]));
            var number = 0;
            foreach (var first in Places)
            {
                yield return (number, first, copies.GetValueOrDefault(number));
                number++;
            }
        }
    }

    private void Add(Id id, in PackedBlob blob)
    {
        var number = NumberOf(id, blob.Type);
        if (number >= 0)
        {
            Duplicates++;
            KeepOther(id, blob, Read(number));
            return;
        }
        if (_count >> PageBits == _pages.Count) _pages.Add(new Entry[Page]);
        if (!FollowsLast(blob)) BeginStretch(blob);
        var key = new BlobKey(id, blob.Type);
        At(_count) = new Entry(key, blob.Length, blob.UncompressedLength);
        _table.Add(key, _count++);
        _end = blob.Offset + blob.Length;
    }

    private bool FollowsLast(in PackedBlob blob) =>
        _stretches.Count > 0 && _stretches[^1] is var last && _count - last.First < LongestStretch
        && _packs[last.Pack] == blob.Pack && _end == blob.Offset;

    private void BeginStretch(in PackedBlob blob)
    {
        if (_packs.Count == 0 || _packs[^1] != blob.Pack) AddTo(_packs, blob.Pack);
        AddTo(_stretches, new Stretch(_count, _packs.Count - 1, blob.Offset));
    }

    // A list that doubles its capacity is half empty at times.
    private static void AddTo<T>(List<T> list, T item)
    {
        if (list.Count == list.Capacity) list.Capacity += Math.Max(16, list.Count / 8);
        list.Add(item);
    }

    private void KeepOther(Id id, in PackedBlob blob, in PackedBlob first)
    {
        if (blob == first) return; // several index files list the same pack
        var others = _others.GetValueOrDefault((id, blob.Type), []);
        if (!others.Contains(blob)) _others[(id, blob.Type)] = [.. others, blob];
    }

    private PackedBlob Read(int number)
    {
        var stretch = StretchOf(number);
        var offset = stretch.Offset;
        for (var i = stretch.First; i < number; i++) offset += At(i).Length;
        ref var entry = ref At(number);
        return new PackedBlob(_packs[stretch.Pack], entry.Key.Type, offset, entry.Length, entry.UncompressedLength);
    }

    private Stretch StretchOf(int number)
    {
        var stretches = CollectionsMarshal.AsSpan(_stretches);
        var (low, high) = (0, stretches.Length);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (stretches[middle].First <= number) low = middle;
            else high = middle;
        }
        return stretches[low];
    }

    private ref Entry At(int number) => ref _pages[number >> PageBits][number & (Page - 1)];

    /// <summary>Returns the number of a blob's entry; -1 when there is none.</summary>
    private int NumberOf(Id id, BlobType type) => _table.Find(new BlobKey(id, type));
}
