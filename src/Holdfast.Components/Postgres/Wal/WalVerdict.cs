using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>Verifies that a WAL file is what its name states, and belongs to the right cluster.</summary>
internal static class WalVerdict
{
    /// <summary>Returns the problem of a file; null when it may be archived.</summary>
    public static async Task<Problem?> JudgeAsync(WalSource source, WalIdentity? identity, string cluster, CancellationToken cancellation)
    {
        var name = source.File.Name;
        if (source.System is { } system && identity is not null && identity.System != system)
            return Catalogue.WalForeign.With($"The file {name} is of the cluster with system identifier {system}, and the archive of {cluster} is of {identity.System}.");
        if (source.File.Kind == WalFileKind.Backup) return null;
        if (source.File.Kind == WalFileKind.History) return await ReadHistoryAsync(source, cancellation) is { Ancestors.Count: > 0 } ? null : Catalogue.WalInvalid.With($"The file {name} is not the history of a timeline.");
        if (await ReadHeaderAsync(source, cancellation) is not { } header) return Catalogue.WalInvalid.With($"The file {name} does not begin as a segment of WAL does.");
        if (header.Version is null) return Catalogue.WalInvalid.With($"The segment {name} is in a format (magic {header.Magic:X4}) of no version of PostgreSQL that is known here.", "Use a newer version of Holdfast.");
        if (header.Contradiction(source.File.Segment, source.Length) is { } contradiction) return Catalogue.WalInvalid.With($"The file {name} is not the segment that its name says: {contradiction}.");
        if (identity is null || identity.System == header.SystemIdentifier) return null;
        return Catalogue.WalForeign.With($"The segment {name} is of the cluster with system identifier {header.SystemIdentifier}, and the archive of {cluster} is of {identity.System}.");
    }

    /// <summary>Reads the header of a segment, whole or partial; null when it has none.</summary>
    public static async Task<WalHeader?> ReadHeaderAsync(WalSource source, CancellationToken cancellation)
    {
        if (source.File.Kind is WalFileKind.History or WalFileKind.Backup) return null;
        await using var content = source.Open();
        var page = new byte[WalHeader.Size];
        return await content.ReadAtLeastAsync(page, page.Length, throwOnEndOfStream: false, cancellation) == page.Length ? WalHeader.Read(page) : null;
    }

    private static async Task<TimelineHistory?> ReadHistoryAsync(WalSource source, CancellationToken cancellation)
    {
        using var content = new StreamReader(source.Open());
        return TimelineHistory.Parse(source.File.Segment.Timeline, await content.ReadToEndAsync(cancellation));
    }
}
