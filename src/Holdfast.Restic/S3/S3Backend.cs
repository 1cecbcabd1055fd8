using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using Holdfast.Restic.Backends;

namespace Holdfast.Restic.S3;

/// <summary>
/// A repository in a bucket of an S3-compatible object store, with restic's default layout. An object appears
/// completely or not at all, and an existing one can be overwritten; only the config is checked for existence before.
/// Source: Amazon S3 API Reference; restic 0.18, internal/backend/s3.
/// </summary>
public sealed class S3Backend : IBackend
{
    private const string Bucket = "the bucket";

    /// <summary>
    /// More files than any repository has, as for a REST server. The same limit applies to skipped objects.
    /// </summary>
    private const int MostFiles = 2_000_000;

    private readonly S3Location _location;
    private readonly S3Options _options;
    private readonly S3Connection _connection;

    /// <param name="location">The location of the repository.</param>
    /// <param name="options">Credentials and options of the store.</param>
    public S3Backend(S3Location location, S3Options options)
    {
        (_location, _options, Location) = (location, options, location.ToString());
        _connection = new S3Connection(location, options);
    }

    public string Location { get; }

    /// <summary>Five, as in restic.</summary>
    public int Concurrency => _options.Transport.Traffic.Connections;

    public bool IsRemote => true;

    /// <summary>False when requests carry no authentication.</summary>
    internal bool IsSigned => _options.Keys is not null;

    public async ValueTask<PlaceState> LookAsync(CancellationToken cancellation = default)
    {
        var (_, failure) = await TouchAsync(cancellation);
        return failure switch
        {
            null => PlaceState.Unknown,
            { IsNoBucket: true } or { Status: HttpStatusCode.NotFound } => PlaceState.NoBucket,
            _ => throw _connection.Explain(failure, Listing("", 1, null)),
        };
    }

    /// <summary>
    /// Creates the bucket if it does not exist. Keys without permission to check for it may still be allowed to write
    /// to it.
    /// </summary>
    public async ValueTask CreateAsync(CancellationToken cancellation = default)
    {
        var (_, failure) = await TouchAsync(cancellation);
        if (failure is null or { Code: "AccessDenied" }) return;
        if (failure.Status != HttpStatusCode.NotFound) throw _connection.Explain(failure, Listing("", 1, null));
        var making = new S3Request(HttpMethod.Put, Bucket);
        if (_connection.Region != S3Connection.FirstRegion) making = WithLocation(making, _connection.Region);
        (_, failure) = await _connection.TryAsync(making, Nothing, cancellation);
        if (failure is not null and not { Code: "BucketAlreadyOwnedByYou" })
            throw _connection.Explain(failure, making);
    }

    public async IAsyncEnumerable<StoredFile> ListAsync(
        FileKind kind, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        if (kind == FileKind.Config)
        {
            if (await FindSizeAsync(kind, "", cancellation) is { } size) yield return new StoredFile("", size);
            yield break;
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        var (folder, passedOver, next) = (KeyOf(Layout.FolderOf(kind)) + "/", 0, (string?)null);
        do
        {
            var page = await ListAsync(folder, next, cancellation);
            if (page.Next == next && next is not null) throw NoListing(Layout.FolderOf(kind), "it does not end");
            foreach (var entry in page.Entries)
            {
                var name = entry.Key[(entry.Key.LastIndexOf('/') + 1)..];
                var isOurs = Layout.IsName(name) && entry.Key == KeyOf(Layout.PathOf(kind, name)) && names.Add(name);
                if ((isOurs ? names.Count : ++passedOver) > MostFiles)
                    throw NoListing(Layout.FolderOf(kind), "it has more than 2 million files");
                if (isOurs) yield return new StoredFile(name, entry.Size, entry.Modified);
            }
            next = page.Next;
        }
        while (next is not null);
    }

    public async ValueTask<long> SizeAsync(FileKind kind, string name, CancellationToken cancellation = default) =>
        await FindSizeAsync(kind, name, cancellation)
            ?? throw Failed(ResticError.NotFound, $"{Layout.PathOf(kind, name)} in {Location} is not there.");

    public async ValueTask ReadAsync(
        FileKind kind, string name, long offset, Memory<byte> destination, CancellationToken cancellation = default)
    {
        if (destination.IsEmpty) return;
        var range = $"bytes={offset}-{offset + destination.Length - 1}";
        var request = Of(HttpMethod.Get, kind, name) with { Headers = [("range", range)] };
        var (_, failure) = await _connection.TryAsync(request, ReadAsync, cancellation);
        if (failure?.Status == HttpStatusCode.RequestedRangeNotSatisfiable) throw Truncated(request.What);
        if (failure is not null) throw _connection.Explain(failure, request);

        async Task<bool> ReadAsync(HttpResponseMessage answer, RestWatch watch)
        {
            var isPart = answer.StatusCode == HttpStatusCode.PartialContent;
            var from = isPart ? answer.Content.Headers.ContentRange?.From ?? offset : 0;
            if (from != offset)
                throw Failed(ResticError.Unsupported, $"{Location} does not answer with a part of {request.What}.");
            await FillAsync(answer, destination, request.What, watch);
            return true;
        }
    }

    /// <summary>Sends one request, whose answer contains the size of the file.</summary>
    public async ValueTask<byte[]> ReadWholeAsync(
        FileKind kind, string name, long limit, CancellationToken cancellation = default)
    {
        var request = Of(HttpMethod.Get, kind, name);
        return await _connection.SendAsync(request, ReadAsync, cancellation);

        async Task<byte[]> ReadAsync(HttpResponseMessage answer, RestWatch watch)
        {
            var size = SizeOf(answer, request.What);
            if (size > limit) throw IBackend.TooLarge(kind, name, size);
            var bytes = new byte[size];
            await FillAsync(answer, bytes, request.What, watch);
            return bytes;
        }
    }

    public async ValueTask SaveAsync(
        FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        if (kind == FileKind.Config && await HasConfigAsync(content, cancellation)) return;
        var digest = Md5Of(content.Span);
        var request = WithBody(Of(HttpMethod.Put, kind, name), content, digest);
        if (kind == FileKind.Pack && _options.StorageClass is { } storageClass)
            request = request with { Headers = [.. request.Headers, ("x-amz-storage-class", storageClass)] };
        var (tag, failure) = await PutAsync(request, isNew: kind == FileKind.Config, cancellation);
        var exists = failure is { Status: HttpStatusCode.PreconditionFailed };
        if (exists && await HasConfigAsync(content, cancellation)) return;
        if (failure is not null) throw _connection.Explain(failure, request);
        // The store has verified both digests before it answered. Where it encrypts, its ETag is another digest.
        if (tag?.Trim('"') == Convert.ToHexStringLower(digest)) return;
        var length = await FindSizeAsync(kind, name, cancellation) ?? 0;
        if (length == content.Length) return;
        var message = $"{request.What} in {Location} has {length} bytes after {content.Length} were stored.";
        throw Failed(ResticError.InputOutput, message);
    }

    /// <summary>
    /// Returns true when the same config exists, false when none exists; AlreadyThere when another one exists.
    /// </summary>
    private async Task<bool> HasConfigAsync(ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        if (await FindSizeAsync(FileKind.Config, "", cancellation) is not { } size) return false;
        var stored = size == content.Length ? await ReadWholeAsync(FileKind.Config, "", size, cancellation) : null;
        return stored is not null && content.Span.SequenceEqual(stored)
            ? true
            : throw Failed(ResticError.AlreadyThere, $"There is a config already in {Location}.");
    }

    /// <summary>Uploads a file. The config is never overwritten where the store supports conditional writes.</summary>
    private async Task<(string? Tag, S3Failure? Failure)> PutAsync(
        S3Request request, bool isNew, CancellationToken cancellation)
    {
        if (isNew)
        {
            var careful = request with { Headers = [.. request.Headers, ("if-none-match", "*")] };
            var (tag, failure) = await _connection.TryAsync(careful, TagOf, cancellation);
            if (failure is not { Status: HttpStatusCode.NotImplemented }) return (tag, failure);
        }
        return await _connection.TryAsync(request, TagOf, cancellation);

        static Task<string?> TagOf(HttpResponseMessage answer, RestWatch watch) =>
            Task.FromResult(answer.Headers.ETag?.Tag);
    }

    public async ValueTask RemoveAsync(FileKind kind, string name, CancellationToken cancellation = default)
    {
        var request = Of(HttpMethod.Delete, kind, name);
        var (_, failure) = await _connection.TryAsync(request, Nothing, cancellation);
        if (failure is not null and not { Code: "NoSuchKey" }) throw _connection.Explain(failure, request);
    }

    /// <summary>Returns the store's clock, which dates objects and every answer.</summary>
    public async ValueTask<DateTimeOffset?> NowAsync(CancellationToken cancellation = default)
    {
        var (time, failure) = await TouchAsync(cancellation);
        return failure is null ? time : throw _connection.Explain(failure, Listing("", 1, null));
    }

    /// <summary>
    /// Determines whether the bucket exists by a request whose answer has a body with the reason of a refusal, unlike
    /// that to HEAD.
    /// </summary>
    private Task<(DateTimeOffset? Time, S3Failure? Failure)> TouchAsync(CancellationToken cancellation) =>
        _connection.TryAsync(
            Listing(KeyOf(""), 1, null), (answer, _) => Task.FromResult(answer.Headers.Date), cancellation);

    private async Task<S3Listing> ListAsync(string prefix, string? next, CancellationToken cancellation)
    {
        return await _connection.SendAsync(Listing(prefix, 1000, next), ReadAsync, cancellation);

        async Task<S3Listing> ReadAsync(HttpResponseMessage answer, RestWatch watch)
        {
            try
            {
                return S3Listing.Parse(await S3Xml.LoadAsync(answer, S3Xml.LargestListing, watch));
            }
            catch (XmlException foreign)
            {
                throw NoListing(prefix.TrimEnd('/'), foreign.Message, foreign);
            }
        }
    }

    private ResticException NoListing(string folder, string why, Exception? cause = null)
    {
        var message = $"{Location} did not answer with a list of the files in {folder}: {why.TrimEnd('.')}.";
        return new ResticException(ResticError.InputOutput, message, cause);
    }

    private static ResticException Failed(ResticError error, string message) => new(error, message);

    private static S3Request Listing(string prefix, int count, string? next) => new(HttpMethod.Get, Bucket)
    {
        Query =
        [
            ("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix), ("max-keys", $"{count}"),
            .. next is null ? [] : (IEnumerable<(string, string)>)[("continuation-token", next)],
        ],
    };

    private async Task<long?> FindSizeAsync(FileKind kind, string name, CancellationToken cancellation)
    {
        var request = Of(HttpMethod.Head, kind, name);
        var (size, failure) = await _connection.TryAsync(
            request, (answer, _) => Task.FromResult(SizeOf(answer, request.What)), cancellation);
        if (failure is null) return size;
        if (failure.Status == HttpStatusCode.NotFound) return null;
        // The answer to HEAD has no body with the reason.
        var why = request with { Method = HttpMethod.Get, Headers = [("range", "bytes=0-0")] };
        await _connection.SendAsync(why, Nothing, cancellation);
        throw _connection.Explain(failure, request);
    }

    private async Task FillAsync(HttpResponseMessage answer, Memory<byte> destination, string file, RestWatch watch)
    {
        await using var content = await answer.Content.ReadAsStreamAsync(watch.Token);
        while (!destination.IsEmpty)
        {
            var count = await content.ReadAsync(destination, watch.Token);
            if (count == 0) throw Truncated(file); // a lost connection is an exception
            destination = destination[count..];
            watch.Progress(count);
        }
    }

    private S3Request Of(HttpMethod method, FileKind kind, string name)
    {
        var path = Layout.PathOf(kind, name); // only an id is accepted
        return new S3Request(method, path) { Key = KeyOf(path) };
    }

    private string KeyOf(string path) => _location.Prefix.Length > 0 ? $"{_location.Prefix}/{path}" : path;

    private static S3Request WithBody(S3Request request, ReadOnlyMemory<byte> content, byte[] digest) => request with
    {
        Body = content, Payload = Id.Hash(content.Span).ToString(),
        Headers = [("content-md5", Convert.ToBase64String(digest))],
    };

    /// <summary>
    /// Returns the body for creating a bucket, which names its region unless it is the first one. Source: API
    /// Reference, "CreateBucket".
    /// </summary>
    private static S3Request WithLocation(S3Request request, string region)
    {
        var body = Encoding.UTF8.GetBytes(
            "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            + $"<LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>");
        return WithBody(request, body, Md5Of(body));
    }

    /// <summary>
    /// Computes the MD5 that the protocol requires; integrity is verified by the SHA-256 of payload and names.
    /// </summary>
    private static byte[] Md5Of(ReadOnlySpan<byte> content) => MD5.HashData(content);

    private long SizeOf(HttpResponseMessage answer, string file) => answer.Content.Headers.ContentLength
        ?? throw Failed(ResticError.InputOutput, $"{Location} does not say how large {file} is.");

    private ResticException Truncated(string file) => new(ResticError.Damaged, $"{file} in {Location} is truncated.");

    private static Task<bool> Nothing(HttpResponseMessage answer, RestWatch watch) => Task.FromResult(true);
}
