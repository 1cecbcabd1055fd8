using Holdfast.Restic.Backends;
using Holdfast.Restic.Crypto;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Decides which packs are removed: completely unused packs, and those whose used blobs are worth repacking. Source:
/// restic 0.14, internal/repository/prune.go, with the same rules except for the size of a small pack.
/// </summary>
internal sealed class PrunePlan
{
    /// <summary>Smaller packs are merged when there are many of them.</summary>
    private const long Small = 1 << 20;
    private const int ManySmall = 10;

    private readonly BlobIndex _index;
    private readonly UsedBlobs _used;
    private readonly IReadOnlyDictionary<Id, long> _stored;
    private readonly Dictionary<Id, PackUse> _packs = [];
    private readonly Dictionary<int, PackedBlob> _chosen = [];
    private readonly List<(PackedBlob Kept, BlobCopies All)> _copies = [];

    /// <summary>The usage of a pack. Sizes are those of its blobs with their entries in the header.</summary>
    private sealed class PackUse
    {
        public long Used, Unused;
        public bool HasData, HasTrees;

        public long Size => Used + Unused + Sealer.Overhead + PackHeader.LengthSize;
        public double UnusedRatio => (double)Unused / (Used + 1);
    }

    /// <param name="index">The content of all index files.</param>
    /// <param name="used">The blobs that snapshots need.</param>
    /// <param name="stored">The existing packs and their sizes.</param>
    /// <param name="options">The options of the prune.</param>
    /// <exception cref="ResticException">Damaged: a needed pack is missing, or has another size.</exception>
    public PrunePlan(BlobIndex index, UsedBlobs used, IReadOnlyDictionary<Id, long> stored, PruneOptions options)
    {
        (_index, _used, _stored) = (index, used, stored);
        Weigh();
        foreach (var (pack, use) in _packs) Sort(pack, use);
        Choose(options);
    }

    /// <summary>Completely unused packs. Some may already be removed.</summary>
    public HashSet<Id> Unused { get; } = [];

    /// <summary>Packs whose used blobs are copied to new ones.</summary>
    public HashSet<Id> Repacked { get; } = [];

    public long UsedBytes { get; private set; }

    public long UnusedBytes { get; private set; }

    /// <summary>The unused bytes in packs that stay.</summary>
    public long UnusedLeft { get; private set; }

    /// <summary>Bytes of used blobs in packs that are repacked.</summary>
    public long RepackedUsed { get; private set; }

    /// <summary>All packs that are removed.</summary>
    public HashSet<Id> Going => [.. Unused, .. Repacked];

    /// <summary>Returns true when the blob of this number is to be copied from this location.</summary>
    public bool IsCopied(int number, in PackedBlob place, in PackedBlob first) =>
        _used.Has(number) && place == _chosen.GetValueOrDefault(number, first);

    /// <summary>
    /// Copies of used blobs that stay when others are removed; they are verified before those are removed.
    /// </summary>
    public IEnumerable<(Id Id, PackedBlob Place)> LastCopies => _copies
        .Where(copy => !Repacked.Contains(copy.Kept.Pack) && copy.All.Places.Any(place => IsGoing(place.Pack)))
        .Select(copy => (copy.All.Id, copy.Kept));

    private bool IsGoing(Id pack) => Unused.Contains(pack) || Repacked.Contains(pack);

    private void Weigh()
    {
        var several = new List<(int Number, BlobCopies Copies)>();
        foreach (var (number, first, copies) in _index.Blobs)
        {
            if (copies is not null) several.Add((number, copies));
            else Take(first, _used.Has(number));
        }
        // Of several copies the one in the pack with the fewest unused bytes counts, so that an interrupted prune is
        // continued.
        foreach (var (number, copies) in several)
        {
            var isUsed = _used.Has(number);
            var there = copies.Places.Where(place => _stored.ContainsKey(place.Pack)).ToList();
            if (isUsed && there.Count == 0) throw Missing(copies.Places[0].Pack);
            var kept = isUsed ? there.MinBy(place => (_packs.GetValueOrDefault(place.Pack)?.UnusedRatio ?? 0, place.Pack)) : default;
            foreach (var place in copies.Places) Take(place, isUsed && place == kept);
            if (!isUsed) continue;
            _chosen[number] = kept;
            _copies.Add((kept, copies));
        }
    }

    private void Take(in PackedBlob place, bool isUsed)
    {
        if (!_packs.TryGetValue(place.Pack, out var use)) use = _packs[place.Pack] = new PackUse();
        var size = place.Length + PackHeader.EntrySize(place.UncompressedLength != 0);
        if (isUsed) use.Used += size;
        else use.Unused += size;
        if (place.Type == BlobType.Data) use.HasData = true;
        else use.HasTrees = true;
    }

    private void Sort(Id pack, PackUse use)
    {
        UsedBytes += use.Used;
        UnusedBytes += use.Unused;
        if (use.Used == 0) Unused.Add(pack);
        else if (!_stored.TryGetValue(pack, out var size)) throw Missing(pack);
        else if (size != use.Size) throw Unlike(pack, size, use.Size);
    }

    private void Choose(PruneOptions options)
    {
        var partly = _packs.Where(item => !Unused.Contains(item.Key) && (item.Value.Unused > 0 || IsMixed(item.Value)));
        var small = _packs.Where(item => !Unused.Contains(item.Key) && item.Value.Size < Small).GroupBy(item => item.Value.HasTrees)
            .Where(kind => kind.Count() >= ManySmall).SelectMany(kind => kind).Select(item => item.Key).ToHashSet();
        var candidates = partly.UnionBy(_packs.Where(item => small.Contains(item.Key)), item => item.Key)
            .OrderByDescending(item => item.Value.HasTrees).ThenByDescending(item => small.Contains(item.Key))
            .ThenByDescending(item => item.Value.UnusedRatio).ThenBy(item => item.Key);
        UnusedLeft = _packs.Values.Where(use => use.Used > 0).Sum(use => use.Unused);
        var (allowed, room) = (options.MaxUnused.Beside(UsedBytes), options.MaxRepack);
        foreach (var (pack, use) in candidates)
        {
            var isWorthIt = use.HasTrees || small.Contains(pack) || UnusedLeft > allowed;
            if (!isWorthIt || use.Size > room) continue;
            Repacked.Add(pack);
            room -= use.Size;
            UnusedLeft -= use.Unused;
            RepackedUsed += use.Used;
        }
    }

    private static bool IsMixed(PackUse use) => use is { HasData: true, HasTrees: true };

    private static ResticException Missing(Id pack) =>
        new(ResticError.Damaged, $"The file '{FileOf(pack)}' is missing, and snapshots need it; nothing was removed.");

    private static ResticException Unlike(Id pack, long size, long expected) => new(
        ResticError.Damaged,
        $"The file '{FileOf(pack)}' has {size} bytes where the index needs {expected}; nothing was removed.");

    private static string FileOf(Id pack) => Layout.PathOf(FileKind.Pack, pack.ToString());
}
