namespace Holdfast.Restic.Backends;

/// <summary>What is at a place that has no repository.</summary>
public enum PlaceState
{
    /// <summary>The store does not know, or an init that was cut off has left its folders.</summary>
    Unknown,

    /// <summary>The directory does not exist.</summary>
    Missing,

    /// <summary>The bucket of an object store does not exist.</summary>
    NoBucket,

    /// <summary>The directory holds nothing, but for the 'lost+found' of a file system.</summary>
    Empty,

    /// <summary>The directory holds something that is not of a repository.</summary>
    Occupied,
}
