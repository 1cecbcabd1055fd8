namespace Holdfast.Restic.Maintenance;

/// <summary>
/// A share of all packs that is read in one turn, so that many turns read everything: in the order of their ids, from behind the one that the last
/// turn ended with. A small repository is read whole each time, a huge one never costs more than the most. Read is the file, and compared with the
/// SHA-256 that it is named by; what is wrong is then looked at blob by blob.
/// </summary>
/// <param name="After">The last pack of the turn before; zero for a new round.</param>
public sealed record ReadTurn(Id After)
{
    /// <summary>In how many turns all of it is read, where the limits allow.</summary>
    public int Parts { get; init; } = 30;

    /// <summary>Bytes that are read at least, as far as there are so many.</summary>
    public long Least { get; init; } = 256L << 20;

    /// <summary>No pack is begun after so many bytes.</summary>
    public long Most { get; init; } = 4L << 30;
}

/// <summary>What one turn has read.</summary>
/// <param name="Last">The pack that the next turn goes on behind.</param>
/// <param name="EndsRound">There is none behind it: all packs have been read since the round began.</param>
/// <param name="IsWhole">All packs that were read, those of this process among them, are what was written.</param>
public sealed record TurnReport(Id Last, bool EndsRound, bool IsWhole);
