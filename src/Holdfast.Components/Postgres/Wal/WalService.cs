using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Serving;
using Holdfast.Restic;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// The WAL verbs of the service: "push" stores a file and answers when it is durable, "fetch" returns one.
/// </summary>
public sealed class WalService : IAsyncDisposable
{
    private readonly IReadOnlyDictionary<string, WalCatalogue> _catalogues;
    private readonly Dictionary<string, WalFiles> _readers;
    private readonly WalBatches _batches;
    private readonly Task _storing;
    private readonly CancellationTokenSource _abort = new();

    private WalService(Repository repository, IReadOnlyDictionary<string, WalCatalogue> catalogues, WalServiceOptions options, TimeProvider clock, Action<WalNotice> tell)
    {
        _catalogues = catalogues;
        _readers = catalogues.ToDictionary(one => one.Key, one => new WalFiles(repository, one.Value), StringComparer.Ordinal);
        _batches = new WalBatches(repository, catalogues, options, clock, tell);
        _storing = Task.Run(() => _batches.RunAsync(_abort.Token));
    }

    /// <summary>Reads the WAL of each cluster in the repository, and starts the service.</summary>
    public static async Task<WalService> StartAsync(
        Repository repository, string platform, IEnumerable<string> clusters, WalServiceOptions options, TimeProvider clock, Action<WalNotice> tell, CancellationToken cancellation)
    {
        repository.KeepBuffers();
        var catalogues = new Dictionary<string, WalCatalogue>(StringComparer.Ordinal);
        foreach (var cluster in clusters) catalogues.Add(cluster, await WalCatalogue.ReadAsync(repository, platform, cluster, cancellation));
        return new WalService(repository, catalogues, options, clock, tell);
    }

    /// <summary>Completes when nothing is stored any more: with the service, or by a fatal failure.</summary>
    public Task Ended => _storing;

    /// <summary>
    /// Answers a request: its verb, a cluster (or "" for the only one), and the arguments of the verb.
    /// </summary>
    public async Task<ServeAnswer> AnswerAsync(IReadOnlyList<string> words, uint user, CancellationToken cancellation) => words switch
    {
        ["push", var cluster, var path] => ServeAnswer.Of(await PushAsync(Choose(cluster), path, user)),
        ["fetch", var cluster, var name] => await FetchAsync(Choose(cluster), name, cancellation),
        _ => ServeAnswer.Of(Catalogue.ServeRequest.With($"The service does not know what '{words[0]}' is.")),
    };

    /// <summary>Stores all files that were pushed, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _batches.End();
        await _storing;
        await _batches.DisposeAsync();
        foreach (var catalogue in _catalogues.Values) catalogue.Dispose();
        _abort.Dispose();
    }

    private async Task<Problem?> PushAsync(string cluster, string path, uint user)
    {
        if (!Path.IsPathRooted(path) || WalFile.Find(Path.GetFileName(path)) is not { } file)
            return Catalogue.WalInvalid.With($"'{path}' is no path of a WAL file.");
        try
        {
            return await _batches.PushAsync(new WalPush(cluster, file, path, WalSource.Of(file, path, user), user));
        }
        catch (IOException unreadable)
        {
            return Catalogue.WalUnreadable.With($"The WAL file cannot be read: {unreadable.Message.TrimEnd('.')}.");
        }
    }

    private async Task<ServeAnswer> FetchAsync(string cluster, string name, CancellationToken cancellation)
    {
        if (WalFile.Find(name) is null) return ServeAnswer.Of(Catalogue.WalInvalid.With($"'{name}' is no name of a WAL file."));
        return await _readers[cluster].OpenAsync(name, cancellation) is { } found
            ? new ServeAnswer { Content = found.Content, Length = found.Length }
            : new ServeAnswer { IsThere = false };
    }

    private string Choose(string cluster)
    {
        if (cluster.Length == 0 && _catalogues.Count == 1) return _catalogues.Keys.First();
        if (_catalogues.ContainsKey(cluster)) return cluster;
        throw Catalogue.ClusterUnknown.Throwable(cluster.Length == 0
            ? $"The profile has several clusters, and none was named: {string.Join(", ", _catalogues.Keys)}."
            : $"The service serves no cluster '{cluster}'.{Spelling.Suggest(cluster, [.. _catalogues.Keys])}");
    }
}
