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

    /// <summary>Nothing differed.</summary>
    public bool IsEqual => Missing + Outdated + Surplus == 0;
}
