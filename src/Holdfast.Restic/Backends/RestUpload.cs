using System.Net;
using System.Net.Http.Headers;

namespace Holdfast.Restic.Backends;

/// <summary>
/// The body of an upload: sent from memory without a copy, in pieces, so that a stalled upload is detected.
/// </summary>
internal sealed class RestUpload : HttpContent
{
    private const int Piece = 256 << 10;
    private readonly ReadOnlyMemory<byte> _content;
    private readonly RestWatch _watch;

    public RestUpload(ReadOnlyMemory<byte> content, RestWatch watch)
    {
        (_content, _watch) = (content, watch);
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, _watch.Token);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellation)
    {
        for (var sent = 0; sent < _content.Length; sent += Piece)
        {
            var piece = _content.Slice(sent, Math.Min(Piece, _content.Length - sent));
            await stream.WriteAsync(piece, cancellation);
            _watch.Progress(piece.Length);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _content.Length;
        return true;
    }
}
