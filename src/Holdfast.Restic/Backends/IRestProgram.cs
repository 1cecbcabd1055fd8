namespace Holdfast.Restic.Backends;

/// <summary>
/// A program that serves one repository by the REST protocol on its standard input and output, in HTTP/2 without TLS,
/// as rclone's "serve restic --stdio" does. Source: restic 0.18, internal/backend/rclone/backend.go.
/// </summary>
public interface IRestProgram
{
    /// <summary>The last that it wrote to its standard error; null when it wrote nothing.</summary>
    string? LastWords { get; }

    /// <summary>Starts it. What is written to the stream it reads; it ends when the stream is disposed of.</summary>
    /// <exception cref="IOException">It cannot be started; a read from the stream of one that ended says why.</exception>
    ValueTask<Stream> StartAsync(CancellationToken cancellation);
}
