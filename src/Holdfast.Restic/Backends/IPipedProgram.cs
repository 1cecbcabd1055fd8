namespace Holdfast.Restic.Backends;

/// <summary>
/// A program that serves a repository protocol on its standard input and output: rclone's "serve restic --stdio" uses
/// REST over HTTP/2 without TLS, ssh with the subsystem "sftp" uses SFTP. Source: restic 0.18,
/// internal/backend/rclone/backend.go.
/// </summary>
public interface IPipedProgram
{
    /// <summary>
    /// The last line that the latest instance wrote to its standard error; null when it wrote nothing.
    /// </summary>
    string? LastWords { get; }

    /// <summary>
    /// Starts another instance. The stream is its standard input and output; the program ends when the stream is
    /// disposed of.
    /// </summary>
    /// <exception cref="IOException">
    /// The program cannot be started; a read from the stream of an instance that has ended reports the reason.
    /// </exception>
    /// <exception cref="ResticException">
    /// Refused: a read from the stream of an instance that ended because authentication failed.
    /// </exception>
    ValueTask<Stream> StartAsync(CancellationToken cancellation);
}
