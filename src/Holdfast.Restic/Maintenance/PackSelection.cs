using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Holdfast.Restic.Maintenance;

/// <summary>Selects the packs that a check reads.</summary>
internal static class PackSelection
{
    /// <summary>
    /// Returns the selected packs sorted by their ids, so that the packs of one directory are read together.
    /// </summary>
    public static List<Id> Of(IEnumerable<Id> packs, ReadSubset subset)
    {
        Span<byte> digest = stackalloc byte[Id.Size];
        var chosen = new List<Id>();
        foreach (var pack in packs.Order())
        {
            pack.CopyTo(digest);
            if (subset.Share is not null || digest[0] % subset.Groups == subset.Group - 1) chosen.Add(pack);
        }
        return subset.Share is { } share ? Random(chosen, share) : chosen;
    }

    /// <summary>Returns the packs of one rotation, sorted by their ids, and whether no pack follows them.</summary>
    public static (List<Id> Packs, bool EndsRound) Of(IReadOnlyDictionary<Id, long> sizes, IEnumerable<Id> packs, ReadTurn turn)
    {
        var sorted = packs.Order().ToList();
        var share = Math.Clamp(sorted.Sum(pack => sizes[pack]) / turn.Parts, turn.Least, turn.Most);
        var chosen = new List<Id>();
        foreach (var pack in sorted.Where(pack => pack.CompareTo(turn.After) > 0))
        {
            if (share <= 0) return (chosen, false);
            share -= sizes[pack];
            chosen.Add(pack);
        }
        return (chosen, true);
    }

    /// <exception cref="ArgumentOutOfRangeException">The subset is not valid.</exception>
    public static void Validate(ReadSubset subset)
    {
        if (subset.Share is { } share)
        {
            if (share is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(subset), share, "A share is above 0 and at most 1.");
        }
        else if (subset.Groups is < 1 or > 256 || subset.Group < 1 || subset.Group > subset.Groups)
        {
            throw new ArgumentOutOfRangeException(nameof(subset), $"{subset.Group}/{subset.Groups}", "A group is 1 to the number of groups, of which there are at most 256.");
        }
    }

    private static List<Id> Random(List<Id> packs, double share)
    {
        RandomNumberGenerator.Shuffle(CollectionsMarshal.AsSpan(packs));
        var count = Math.Min(packs.Count, Math.Max(1, (int)Math.Round(packs.Count * share)));
        return [.. packs[..count].Order()];
    }
}
