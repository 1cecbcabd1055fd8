using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Sftp;

/// <summary>Options of an SFTP connection.</summary>
public sealed class SftpOptions : RemoteOptions
{
    /// <summary>
    /// Starts the program that connects to a server and uses SFTP on its standard input and output; null where none can
    /// be started.
    /// </summary>
    public Func<SftpLocation, IPipedProgram>? Program { get; init; }
}
