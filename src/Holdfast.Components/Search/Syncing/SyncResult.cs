namespace Holdfast.Components.Search.Syncing;

/// <summary>What a comparison of an index with its database found, and what was done about it.</summary>
public sealed record SyncResult(string Alias, string Index)
{
    /// <summary>Documents by the database.</summary>
    public long InSource { get; set; }

    /// <summary>Documents that were in the index.</summary>
    public long InIndex { get; set; }

    /// <summary>Documents that the index did not have.</summary>
    public long Missing { get; set; }

    /// <summary>Documents of another version than in the database.</summary>
    public long Outdated { get; set; }

    /// <summary>Documents that the database does not have.</summary>
    public long Surplus { get; set; }

    /// <summary>Written into the index.</summary>
    public long Written { get; set; }

    /// <summary>Deleted from the index.</summary>
    public long Deleted { get; set; }

    /// <summary>Changed by somebody else while we looked: theirs is newer, and was left alone.</summary>
    public long LeftAlone { get; set; }

    /// <summary>Documents of the database that the index lacks all the same: the engine refuses them.</summary>
    public long Lacking { get; set; }

    /// <summary>Documents that the index lacked, and that were deleted from the database while it was mended.</summary>
    public long Gone { get; set; }

    /// <summary>Documents that the database had not, and has again since: they were left in the index.</summary>
    public long Returned { get; set; }

    /// <summary>How many documents the index must have now: those of the database at the instant of the comparison, less what has gone since, and what has returned.</summary>
    public long Due => InSource - Gone + Returned;

    /// <summary>Nothing differed.</summary>
    public bool IsEqual => Missing + Outdated + Surplus == 0;
}
