using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Holdfast.Restic.Backends;

/// <summary>
/// A repository on a REST server (rest-server, or rclone's "serve restic"). Files have no times here. Such a server
/// refuses to overwrite a file (HTTP 403), and in append-only mode only locks can be removed.
/// Source: restic, doc/REST_backend.rst; rest-server 0.13, repo/repo.go.
/// </summary>
public sealed class RestBackend : IBackend
{
    private const int ComparedAtOnce = 1 << 20;
    private readonly RestConnection _connection;

    /// <param name="location">
    /// The location of the repository; its user and password are not used, those of the options are.
    /// </param>
    /// <param name="options">Credentials and timeouts.</param>
    public RestBackend(RestLocation location, RestOptions options)
    {
        (Location, Concurrency) = (location.ToString(), options.Traffic.Connections);
        _connection = new RestConnection(location, options);
    }

    public string Location { get; }

    public int Concurrency { get; }

    public bool IsRemote => true;

    public async ValueTask CreateAsync(CancellationToken cancellation = default)
    {
        var status = await SendAsync(HttpMethod.Post, "?create=true", Empty, cancellation);
        if (status != HttpStatusCode.OK) throw Explain(status, "the repository");

        static void Empty(HttpRequestMessage request, RestWatch watch) =>
            request.Content = new RestUpload(default, watch);
    }

    public async IAsyncEnumerable<StoredFile> ListAsync(
        FileKind kind, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        if (kind == FileKind.Config)
        {
            if (await FindSizeAsync(kind, "", cancellation) is { } size) yield return new StoredFile("", size);
            yield break;
        }
        foreach (var file in await ListFolderAsync(kind, cancellation))
            yield return file.Size >= 0 ? file : file with { Size = await SizeAsync(kind, file.Name, cancellation) };
    }

    public async ValueTask<long> SizeAsync(FileKind kind, string name, CancellationToken cancellation = default) =>
        await FindSizeAsync(kind, name, cancellation)
            ?? throw Explain(HttpStatusCode.NotFound, Layout.PathOf(kind, name));

    public async ValueTask ReadAsync(
        FileKind kind, string name, long offset, Memory<byte> destination, CancellationToken cancellation = default)
    {
        if (destination.IsEmpty) return;
        await _connection.SendAsync(HttpMethod.Get, PathOf(kind, name), Prepare, ReadAsync, cancellation);

        void Prepare(HttpRequestMessage request, RestWatch watch) =>
            request.Headers.Range = new RangeHeaderValue(offset, offset + destination.Length - 1);

        async Task<bool> ReadAsync(HttpResponseMessage answer, RestWatch watch)
        {
            var file = Layout.PathOf(kind, name);
            RequirePart(answer, file, offset);
            await using var content = await answer.Content.ReadAsStreamAsync(watch.Token);
            await FillAsync(content, destination, file, watch);
            return true;
        }
    }

    private async Task FillAsync(Stream content, Memory<byte> destination, string file, RestWatch watch)
    {
        while (!destination.IsEmpty)
        {
            var count = await content.ReadAsync(destination, watch.Token);
            if (count == 0) throw Truncated(file); // a lost connection is an exception
            destination = destination[count..];
            watch.Progress(count);
        }
    }

    /// <summary>Sends one request, whose answer contains the size of the file.</summary>
    public async ValueTask<byte[]> ReadWholeAsync(
        FileKind kind, string name, long limit, CancellationToken cancellation = default)
    {
        return await _connection.SendAsync(HttpMethod.Get, PathOf(kind, name), prepare: null, ReadAsync, cancellation);

        async Task<byte[]> ReadAsync(HttpResponseMessage answer, RestWatch watch)
        {
            var file = Layout.PathOf(kind, name);
            if (answer.StatusCode != HttpStatusCode.OK) throw Explain(answer.StatusCode, file);
            var size = answer.Content.Headers.ContentLength ?? throw Unsized(file);
            if (size > limit) throw IBackend.TooLarge(kind, name, size);
            var bytes = new byte[size];
            await using var content = await answer.Content.ReadAsStreamAsync(watch.Token);
            await FillAsync(content, bytes, file, watch);
            return bytes;
        }
    }

    public async ValueTask SaveAsync(
        FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        if (kind == FileKind.Config && await FindSizeAsync(kind, name, cancellation) is { } size)
        {
            var isSame = size == content.Length && await IsSameAsync(kind, name, content, cancellation);
            if (!isSame) throw Another(); // rclone would overwrite it
            return;
        }
        var status = await PostAsync(kind, name, content, cancellation);
        if (status == HttpStatusCode.Forbidden) await SettleAsync(kind, name, content, cancellation);
        else if (!IsDone(status)) throw Explain(status, Layout.PathOf(kind, name));
    }

    public async ValueTask RemoveAsync(FileKind kind, string name, CancellationToken cancellation = default)
    {
        var status = await SendAsync(HttpMethod.Delete, PathOf(kind, name), prepare: null, cancellation);
        if (status == HttpStatusCode.Forbidden)
        {
            var file = Layout.PathOf(kind, name);
            var message = $"{Location} does not let {file} be removed (HTTP 403): it is append-only.";
            throw new ResticException(ResticError.ReadOnly, message);
        }
        if (!IsDone(status) && status != HttpStatusCode.NotFound) throw Explain(status, Layout.PathOf(kind, name));
    }

    private Task<HttpStatusCode> PostAsync(
        FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        return SendAsync(HttpMethod.Post, PathOf(kind, name), Prepare, cancellation);

        void Prepare(HttpRequestMessage request, RestWatch watch) => request.Content = new RestUpload(content, watch);
    }

    /// <summary>
    /// Handles a refused upload. When the file already exists, stored by this process (the answer to an earlier attempt
    /// was lost) or by another, the upload succeeds if the bytes are the same; otherwise the file is damaged: it is
    /// removed and stored again.
    /// </summary>
    private async Task SettleAsync(
        FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var size = await FindSizeAsync(kind, name, cancellation);
        if (size is null) throw Explain(HttpStatusCode.Forbidden, Layout.PathOf(kind, name));
        if (size == content.Length && await IsSameAsync(kind, name, content, cancellation)) return;
        if (kind == FileKind.Config) throw Another();
        await RemoveAsync(kind, name, cancellation);
        var status = await PostAsync(kind, name, content, cancellation);
        if (!IsDone(status)) throw Explain(status, Layout.PathOf(kind, name));
    }

    private async Task<bool> IsSameAsync(
        FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var piece = new byte[Math.Min(ComparedAtOnce, content.Length)];
        for (var offset = 0; offset < content.Length; offset += piece.Length)
        {
            var part = content.Slice(offset, Math.Min(piece.Length, content.Length - offset));
            await ReadAsync(kind, name, offset, piece.AsMemory(0, part.Length), cancellation);
            if (!part.Span.SequenceEqual(piece.AsSpan(0, part.Length))) return false;
        }
        return true;
    }

    private Task<long?> FindSizeAsync(FileKind kind, string name, CancellationToken cancellation)
    {
        var file = Layout.PathOf(kind, name);
        return _connection.SendAsync(HttpMethod.Head, PathOf(kind, name), prepare: null, ReadAsync, cancellation);

        Task<long?> ReadAsync(HttpResponseMessage answer, RestWatch watch) => Task.FromResult(SizeOf(answer));

        long? SizeOf(HttpResponseMessage answer) => answer.StatusCode switch
        {
            HttpStatusCode.NotFound => null,
            HttpStatusCode.OK => answer.Content.Headers.ContentLength ?? throw Unsized(file),
            var other => throw Explain(other, file),
        };
    }

    /// <summary>
    /// Some copies lose empty directories: a missing one counts as empty as long as there is a config.
    /// </summary>
    private async Task<IReadOnlyList<StoredFile>> ListFolderAsync(FileKind kind, CancellationToken cancellation)
    {
        var folder = Layout.FolderOf(kind);
        var files = await _connection.SendAsync(HttpMethod.Get, folder + "/", prepare: null, ReadAsync, cancellation);
        if (files is not null) return files;
        var hasConfig = await FindSizeAsync(FileKind.Config, "", cancellation) is not null;
        return hasConfig ? [] : throw Explain(HttpStatusCode.NotFound, folder);

        async Task<IReadOnlyList<StoredFile>?> ReadAsync(HttpResponseMessage answer, RestWatch watch)
        {
            if (answer.StatusCode == HttpStatusCode.NotFound)
            {
                // rclone answers with an empty list then, and with 404 when it failed. Source: rclone PR 7550.
                return IsRclone(answer) ? throw _connection.MayPass(answer.StatusCode, HttpMethod.Get, folder) : null;
            }
            if (answer.StatusCode != HttpStatusCode.OK) throw Explain(answer.StatusCode, folder);
            try
            {
                await using var content = await answer.Content.ReadAsStreamAsync(watch.Token);
                return await RestListing.ReadAsync(content, watch);
            }
            catch (JsonException foreign)
            {
                var message = $"{Location} did not answer with a list of the files in {folder}: {foreign.Message}";
                throw new ResticException(ResticError.InputOutput, message, foreign);
            }
        }
    }

    private Task<HttpStatusCode> SendAsync(
        HttpMethod method, string path, Action<HttpRequestMessage, RestWatch>? prepare,
        CancellationToken cancellation) =>
        _connection.SendAsync(method, path, prepare, (answer, _) => Task.FromResult(answer.StatusCode), cancellation);

    /// <summary>Returns the path of a file in a request; the protocol does not spread packs over directories.</summary>
    private static string PathOf(FileKind kind, string name)
    {
        var path = Layout.PathOf(kind, name); // only an id is accepted
        return kind == FileKind.Pack ? $"data/{name}" : path;
    }

    private static bool IsRclone(HttpResponseMessage answer) =>
        answer.Headers.Server.Any(server => server.Product?.Name == "rclone");

    private static bool IsDone(HttpStatusCode status) =>
        status is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.NoContent;

    /// <summary>Requires that an answer holds the bytes from an offset on.</summary>
    private void RequirePart(HttpResponseMessage answer, string file, long offset)
    {
        switch (answer.StatusCode)
        {
            case HttpStatusCode.PartialContent when From(answer) is not { } from || from == offset: return;
            case HttpStatusCode.OK when offset == 0: return;
            case HttpStatusCode.RequestedRangeNotSatisfiable: throw Truncated(file);
            case HttpStatusCode.OK or HttpStatusCode.PartialContent:
                var message = $"{Location} does not answer with the part of {file} that was asked for.";
                throw new ResticException(ResticError.Unsupported, message);
            default: throw Explain(answer.StatusCode, file);
        }
    }

    private static long? From(HttpResponseMessage answer) => answer.Content.Headers.ContentRange?.From;

    private ResticException Unsized(string file) =>
        new(ResticError.InputOutput, $"{Location} does not say how large {file} is.");

    private ResticException Another() => new(ResticError.AlreadyThere, $"There is a config already in {Location}.");

    private ResticException Truncated(string file) => new(ResticError.Damaged, $"{file} in {Location} is truncated.");

    private ResticException Explain(HttpStatusCode status, string what) => status switch
    {
        HttpStatusCode.NotFound => new(ResticError.NotFound, $"{what} in {Location} is not there."),
        HttpStatusCode.Forbidden =>
            new(ResticError.ReadOnly, $"{Location} does not let this user touch {what} (HTTP 403)."),
        HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.InsufficientStorage =>
            new(ResticError.Full, $"No room is left for {what} in {Location} (HTTP {(int)status})."),
        >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest =>
            new(ResticError.Unsupported, $"{Location} redirects to another place (HTTP {(int)status})."),
        _ => new(ResticError.InputOutput, $"{Location} answered with HTTP {(int)status} when {what} was asked for."),
    };
}
