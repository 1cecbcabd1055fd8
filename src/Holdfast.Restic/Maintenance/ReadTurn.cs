namespace Holdfast.Restic.Maintenance;

/// <summary>
/// A share of all packs that is verified in one run, so that many runs verify all of them: sorted by id, beginning
/// after the last pack of the previous run. A small repository is read completely each time, a huge one never beyond
/// the limit. Each file is read and compared with the SHA-256 in its name; a damaged one is then verified blob by blob.
/// </summary>
/// <param name="After">The last pack of the previous run; zero to begin a new round.</param>
public sealed record ReadTurn(Id After)
{
    /// <summary>The number of runs in which all packs are read, where the limits allow it.</summary>
    public int Parts { get; init; } = 30;

    /// <summary>The minimum number of bytes to read.</summary>
    public long Least { get; init; } = 256L << 20;

    /// <summary>The number of bytes after which no further pack is begun.</summary>
    public long Most { get; init; } = 4L << 30;
}

/// <summary>The result of one run.</summary>
/// <param name="Last">The pack after which the next run continues.</param>
/// <param name="EndsRound">True when no pack follows it: all packs have been read since the round began.</param>
/// <param name="IsWhole">True when all packs that were read, including those of this process, are undamaged.</param>
public sealed record TurnReport(Id Last, bool EndsRound, bool IsWhole);
