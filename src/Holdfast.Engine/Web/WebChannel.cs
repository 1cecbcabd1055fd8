using System.Net;
using System.Net.Http.Headers;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Web;

/// <summary>
/// A connection to one server that stays open for many large requests, one after the other. Responses are bytes for
/// sequential readers; they are valid until the next request.
/// </summary>
public sealed class WebChannel : IDisposable
{
    /// <summary>
    /// The largest response in bytes. 64 MiB: a page of 10,000 documents with the longest ids, or the response to a
    /// request of the largest size, is a quarter of it.
    /// </summary>
    internal const int MaximumAnswer = 64 << 20;

    /// <summary>The longest wait for the response of a server that hangs.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);

    private readonly WebServer _server;
    private readonly HttpMessageInvoker _client;
    private readonly AuthenticationHeaderValue? _identity;
    private readonly TimeProvider _clock;
    private byte[] _answer = new byte[64 << 10];

    internal WebChannel(WebServer server, HttpMessageInvoker client, AuthenticationHeaderValue? identity, TimeProvider clock) =>
        (_server, _client, _identity, _clock) = (server, client, identity, clock);

    /// <summary>Sends a body and returns the response, whatever its status.</summary>
    /// <param name="path">The path below the server's URL.</param>
    /// <param name="body">The body; it must not change until the response has arrived.</param>
    /// <param name="mediaType">"application/json", "application/x-ndjson".</param>
    /// <param name="cancellation">Cancels the request.</param>
    /// <exception cref="ProblemException">The server cannot be reached, does not respond in time, or refuses the
    /// credentials.</exception>
    public async Task<(HttpStatusCode Status, ReadOnlyMemory<byte> Body)> PostAsync(string path, ReadOnlyMemory<byte> body, string mediaType, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(_patience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, _server.AddressOf(path)) { Content = new ReadOnlyMemoryContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
            request.Headers.Authorization = _identity;
            using var answer = await _client.SendAsync(request, either.Token);
            if (answer.StatusCode == HttpStatusCode.Unauthorized) throw WebServer.Refusal(answer.StatusCode, _server.PlaceOf(path));
            return (answer.StatusCode, await ReadAsync(answer.Content, path, either.Token));
        }
        catch (OperationCanceledException stopped) when (!cancellation.IsCancellationRequested)
        {
            throw WebServer.GivenUp(stopped, patience.IsCancellationRequested ? _patience : null, _server.PlaceOf(path));
        }
        catch (Exception failure) when (WebServer.IsFailure(failure))
        {
            throw _server.Of(failure, _server.PlaceOf(path));
        }
    }

    public void Dispose() => _client.Dispose();

    /// <exception cref="ProblemException">The response exceeds the limit: no more memory is used, whatever length the
    /// response declares.</exception>
    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContent content, string path, CancellationToken cancellation)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellation);
        var length = 0;
        for (int read; (read = await stream.ReadAsync(_answer.AsMemory(length), cancellation)) > 0;)
        {
            length += read;
            if (length < _answer.Length) continue;
            if (length >= MaximumAnswer) throw WebServer.TooLong(_server.PlaceOf(path), MaximumAnswer);
            Array.Resize(ref _answer, Math.Min(_answer.Length * 2, MaximumAnswer));
        }
        return _answer.AsMemory(0, length);
    }
}
