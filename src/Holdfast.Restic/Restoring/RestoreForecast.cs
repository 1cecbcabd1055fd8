namespace Holdfast.Restic.Restoring;

/// <summary>An estimate of what a restore needs, made without changing anything.</summary>
/// <param name="Spaces">The bytes written to each file system.</param>
/// <param name="Owners">
/// Users and groups of the snapshot that have another number on this machine, or do not exist; each once, sorted by
/// name.
/// </param>
public sealed record RestoreForecast(IReadOnlyList<ForecastSpace> Spaces, IReadOnlyList<ForecastOwner> Owners)
{
    /// <summary>
    /// The number of selected files, including those that already exist; null where trees were counted without reading
    /// them, or are too many.
    /// </summary>
    public long? Files { get; init; }
}

/// <summary>Bytes that are written to a file system; holes and existing content are not counted.</summary>
/// <param name="Path">An existing directory on the file system.</param>
/// <param name="Bytes">The content that is written, less what is freed by replacing files.</param>
public sealed record ForecastSpace(string Path, long Bytes);

/// <summary>A user or group of the snapshot.</summary>
/// <param name="IsGroup">False for a user.</param>
/// <param name="Name">Its name in the snapshot.</param>
/// <param name="Number">Its number in the snapshot.</param>
/// <param name="Here">The number of this name on this machine; null when there is none.</param>
public sealed record ForecastOwner(bool IsGroup, string Name, uint Number, uint? Here);
