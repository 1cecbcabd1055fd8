using System.Security.Cryptography;

namespace Holdfast.Restic.Indexing;

/// <summary>
/// Maps keys to numbers in 5 to 7 bytes a key: hash tables with open addressing, at most four fifths full, whose
/// entries are sorted by their hashes, so that a lookup of a missing key is as fast as that of an existing one. There
/// are many small tables, so that growth copies little at a time. Not thread-safe.
/// </summary>
/// <param name="keyOf">Returns the key that was added with a number.</param>
internal sealed class KeyTable(Func<int, BlobKey> keyOf)
{
    private const int Parts = 256;
    private const int SmallestPart = 16;

    /// <summary>The space behind the last home slot of a table: entries are shifted up and never wrap around.</summary>
    private const int Tail = 16;

    private struct Part
    {
        public int[] Slots; // a number plus one; 0 is free
        public int Homes;
        public int Count;
    }

    private readonly Part[] _parts = new Part[Parts];

    // Ids are uniform, but an attacker who writes files could choose ids that collide.
    private readonly ulong _factor = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;

    /// <summary>Bytes of memory that the tables use.</summary>
    public long Size => _parts.Sum(part => (long)(part.Slots?.Length ?? 0) * sizeof(int));

    /// <summary>Returns the number of a key; -1 when it is not in the table.</summary>
    public int Find(in BlobKey key)
    {
        var hash = Hash(key);
        ref var part = ref PartOf(hash);
        if (part.Count == 0) return -1;
        var slot = Place(part, hash, key, out var found);
        return found ? part.Slots[slot] - 1 : -1;
    }

    /// <summary>Adds a key that is not in the table.</summary>
    public void Add(in BlobKey key, int number)
    {
        var hash = Hash(key);
        ref var part = ref PartOf(hash);
        if (part.Count >= part.Homes / 5 * 4) Grow(ref part);
        var slot = Place(part, hash, key, out _);
        var free = slot;
        while (free < part.Slots.Length && part.Slots[free] != 0) free++;
        if (free == part.Slots.Length) Array.Resize(ref part.Slots, free + Tail);
        Array.Copy(part.Slots, slot, part.Slots, slot + 1, free - slot);
        part.Slots[slot] = number + 1;
        part.Count++;
    }

    private ulong Hash(in BlobKey key) => key.First * _factor;

    private ref Part PartOf(ulong hash) => ref _parts[hash >> 56];

    private static int Home(ulong hash, int homes) => (int)(((hash >> 24) & uint.MaxValue) * (ulong)homes >> 32);

    /// <summary>Returns the slot of the key, or the slot for inserting it.</summary>
    private int Place(in Part part, ulong hash, in BlobKey key, out bool found)
    {
        var slot = Home(hash, part.Homes);
        for (; slot < part.Slots.Length && part.Slots[slot] != 0; slot++)
        {
            var other = keyOf(part.Slots[slot] - 1);
            var order = Hash(other).CompareTo(hash);
            if (order == 0) order = other.CompareRest(key);
            if (order < 0) continue;
            found = order == 0;
            return slot;
        }
        found = false;
        return slot;
    }

    private void Grow(ref Part part)
    {
        var homes = part.Homes == 0 ? SmallestPart : part.Homes / 3 * 4;
        var slots = new int[homes + Tail];
        var next = 0;
        foreach (var entry in part.Slots ?? [])
        {
            if (entry == 0) continue;
            next = Math.Max(next, Home(Hash(keyOf(entry - 1)), homes)); // they are already sorted
            if (next >= slots.Length) Array.Resize(ref slots, next + Tail);
            slots[next++] = entry;
        }
        (part.Slots, part.Homes) = (slots, homes);
    }
}
