using System.IO.Enumeration;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>The selected part of a recovery point.</summary>
/// <param name="Indices">The indices, those of data streams too.</param>
/// <param name="Streams">The data streams.</param>
/// <param name="Asked">The names in the request: data streams, and other indices.</param>
/// <param name="LeftOut">Indices of data streams that were captured without their stream.</param>
internal sealed record RestoreChoice(IReadOnlyList<string> Indices, IReadOnlyList<string> Streams, IReadOnlyList<string> Asked, IReadOnlyList<string> LeftOut)
{
    /// <summary>Indices of the point that belong to an engine and not to the platform: no restore brings them back.</summary>
    public IReadOnlyList<string> Kept { get; private init; } = [];

    /// <summary>Patterns that were asked for, and that nothing of the point fits.</summary>
    public IReadOnlyList<string> Unfit { get; private init; } = [];

    public static RestoreChoice Of(SearchRecord record, string cluster, RestoreSession session)
    {
        var streamed = record.Streams.Values.SelectMany(indices => indices).ToHashSet(StringComparer.Ordinal);
        Func<string, bool> isOwn = record.IsChosen ? SystemIndices.IsReserved : SystemIndices.IsOwn;
        IReadOnlyList<string> streams = [.. record.Streams.Where(stream => IsChosen(stream.Key, cluster, session) && !stream.Value.Any(isOwn)).Select(stream => stream.Key)];
        var plain = record.Indices.Where(index => !streamed.Contains(index) && !isOwn(index) && IsChosen(index, cluster, session)).ToList();
        List<string> orphans = session.Include.Count > 0 || session.PartsOf($"search/{cluster}") is not null ? [] : [.. plain.Where(index => index.StartsWith(DataStreams.Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        plain.RemoveAll(orphans.Contains);
        return new RestoreChoice([.. plain, .. streams.SelectMany(stream => record.Streams[stream])], streams, [.. plain, .. streams], orphans)
        {
            Kept = [.. record.Indices.Where(index => isOwn(index) && IsChosen(index, cluster, session)).Order(StringComparer.Ordinal)],
            Unfit = [.. session.Include.Where(pattern => !pattern.Contains('/') && !record.Indices.Concat(record.Streams.Keys).Any(name => Fits(pattern, name)))],
        };
    }

    /// <summary>
    /// The body of a restore request without aliases and global state. Blocks that forbid the following steps are left
    /// out. The security plugin of OpenSearch looks for each name among the snapshot's indices, where no stream is: so
    /// there the indices of a stream are named besides the stream, and names that the plugin does not find are left to
    /// the engine. Whether every index was restored is verified afterwards.
    /// </summary>
    /// <param name="dialect">The engine that receives the request.</param>
    /// <param name="dropped">Further settings that the indices do not get.</param>
    public JsonObject Request(ServerDialect dialect, IEnumerable<string> dropped)
    {
        var namesIndices = dialect.IsOpenSearch && Streams.Count > 0;
        var names = namesIndices ? Asked.Concat(Indices).Distinct(StringComparer.Ordinal) : Asked;
        var ignored = IndexBlocks.Lifted.Concat(dropped).Select(setting => (JsonNode)setting);
        var request = new JsonObject
        {
            ["indices"] = string.Join(',', names),
            ["include_global_state"] = false,
            ["include_aliases"] = false,
            ["partial"] = false,
            ["ignore_index_settings"] = new JsonArray([.. ignored]),
        };
        if (namesIndices) request["ignore_unavailable"] = true;
        return request;
    }

    /// <summary>Returns the choice without some indices and streams, by the names in the request.</summary>
    public RestoreChoice Without(IReadOnlyCollection<string> names, SearchRecord record)
    {
        IReadOnlyList<string> streams = [.. Streams.Except(names, StringComparer.Ordinal)];
        var plain = Asked.Except(Streams, StringComparer.Ordinal).Except(names, StringComparer.Ordinal).ToList();
        return this with { Indices = [.. plain, .. streams.SelectMany(stream => record.Streams[stream])], Streams = streams, Asked = [.. plain, .. streams] };
    }

    /// <summary>An engine neither clones a stream nor deletes the index that it writes to.</summary>
    /// <exception cref="ProblemException">There is one.</exception>
    public async Task RefuseStreamsAsync(SearchServer server, string name, CancellationToken cancellation)
    {
        foreach (var (stream, indices) in await DataStreams.FindAsync(server, Indices, cancellation))
            if (Streams.Contains(stream, StringComparer.Ordinal) || indices.Intersect(Indices, StringComparer.Ordinal).Any())
                throw Catalogue.SearchRestore.Throwable($"The data stream {stream} of {name} is there, and the engine cannot move one aside.", $"Delete it (DELETE _data_stream/{stream}), after _reindex when you need what it has; with --exclude '{stream}' it stays as it is.");
    }

    /// <summary>An engine that is asked for an index by the name of a data stream brings that stream, with whatever indices it has.</summary>
    /// <param name="taken">The snapshot as the engine lists it.</param>
    /// <exception cref="ProblemException">The point has a stream of the snapshot as an index.</exception>
    public void RefuseHiddenStreams(SnapshotInfo taken)
    {
        if (Asked.Except(Streams, StringComparer.Ordinal).Intersect(taken.Streams, StringComparer.Ordinal).FirstOrDefault() is { } stream)
            throw Catalogue.PointManifest.Throwable($"The recovery point has '{stream}' as an index, which is a data stream in the snapshot {taken.Name}.", "Choose another recovery point, and ask who can write to the repository.");
    }

    private static bool IsChosen(string index, string cluster, RestoreSession session) =>
        session.Asks($"search/{cluster}", index) && (session.Include.Count == 0 || session.Include.Any(pattern => Fits(pattern, index))) && !session.Exclude.Any(pattern => Fits(pattern, index));

    private static bool Fits(string pattern, string index) => FileSystemName.MatchesSimpleExpression(pattern, index);
}
