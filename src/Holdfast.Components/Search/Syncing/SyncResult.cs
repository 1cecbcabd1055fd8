namespace Holdfast.Components.Search.Syncing;

/// <summary>The result of comparing an index with its database, and of the sync.</summary>
public sealed record SyncResult(string Alias, string Index)
{
    /// <summary>The number of documents in the database.</summary>
    public long InSource { get; set; }

    /// <summary>Documents that were in the index.</summary>
    public long InIndex { get; set; }

    /// <summary>Documents that the index did not have.</summary>
    public long Missing { get; set; }

    /// <summary>Documents of another version than in the database.</summary>
    public long Outdated { get; set; }

    /// <summary>Documents that the database does not have.</summary>
    public long Surplus { get; set; }

    /// <summary>The number of documents written into the index.</summary>
    public long Written { get; set; }

    /// <summary>The number of documents deleted from the index.</summary>
    public long Deleted { get; set; }

    /// <summary>
    /// The number of documents that another client changed during the sync: its version is newer, and was left
    /// unchanged.
    /// </summary>
    public long LeftAlone { get; set; }

    /// <summary>Documents of the database that the index lacks all the same: the engine refuses them.</summary>
    public long Lacking { get; set; }

    /// <summary>Documents that the index lacked, and that were deleted from the database while it was mended.</summary>
    public long Gone { get; set; }

    /// <summary>Documents that the database had not, and has again since: they were left in the index.</summary>
    public long Returned { get; set; }

    /// <summary>
    /// The number of documents that the index must have now: those of the database at the instant of the comparison,
    /// less those deleted since, plus those that have returned.
    /// </summary>
    public long Due => InSource - Gone + Returned;

    /// <summary>Whether there was no difference.</summary>
    public bool IsEqual => Missing + Outdated + Surplus == 0;
}
