namespace Holdfast.Restic.Restoring;

/// <summary>What a restore will need, found without changing anything.</summary>
/// <param name="Spaces">What is written to each file system.</param>
/// <param name="Owners">Users and groups of the snapshot that have another number on this machine, or none; each once, in order of names.</param>
public sealed record RestoreForecast(IReadOnlyList<ForecastSpace> Spaces, IReadOnlyList<ForecastOwner> Owners)
{
    /// <summary>How many files are selected, those that exist already among them; null where trees were summed up unread, or are too many.</summary>
    public long? Files { get; init; }
}

/// <summary>Bytes that are written to a file system; holes and what is there already are not counted.</summary>
/// <param name="Path">An existing folder on it.</param>
/// <param name="Bytes">Content that is written, less what is freed by replacing.</param>
public sealed record ForecastSpace(string Path, long Bytes);

/// <summary>A user or group of the snapshot.</summary>
/// <param name="IsGroup">False for a user.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Number">Its number there.</param>
/// <param name="Here">The number of this name on this machine; null when there is none.</param>
public sealed record ForecastOwner(bool IsGroup, string Name, uint Number, uint? Here);
