namespace Holdfast.Restic.Backends;

/// <summary>
/// A program that speaks a protocol of repositories on its standard input and output: rclone's "serve restic --stdio" speaks
/// REST in HTTP/2 without TLS, ssh with the subsystem "sftp" SFTP. Source: restic 0.18, internal/backend/rclone/backend.go.
/// </summary>
public interface IPipedProgram
{
    /// <summary>The last that the latest one wrote to its standard error; null when it wrote nothing.</summary>
    string? LastWords { get; }

    /// <summary>Starts one more. What is written to the stream it reads; it ends when the stream is disposed of.</summary>
    /// <exception cref="IOException">It cannot be started; a read from the stream of one that ended says why.</exception>
    /// <exception cref="ResticException">Refused: a read from the stream of one that ended because it is not let in.</exception>
    ValueTask<Stream> StartAsync(CancellationToken cancellation);
}
