using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Sftp;

/// <summary>How an SFTP server is reached.</summary>
public sealed class SftpOptions : RemoteOptions
{
    /// <summary>Makes what connects to a server: a program that speaks SFTP on its standard input and output; null where none can be started.</summary>
    public Func<SftpLocation, IPipedProgram>? Program { get; init; }
}
