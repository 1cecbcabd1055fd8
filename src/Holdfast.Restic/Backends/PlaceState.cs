namespace Holdfast.Restic.Backends;

/// <summary>What is at a location that has no repository.</summary>
public enum PlaceState
{
    /// <summary>The store cannot determine it, or an interrupted init has left its directories.</summary>
    Unknown,

    /// <summary>The directory does not exist.</summary>
    Missing,

    /// <summary>The bucket of an object store does not exist.</summary>
    NoBucket,

    /// <summary>The directory is empty, apart from the 'lost+found' of a file system.</summary>
    Empty,

    /// <summary>The directory contains files that do not belong to a repository.</summary>
    Occupied,
}
