namespace Holdfast.Restic.Sftp;

/// <summary>A request was refused by the server; the connection remains usable.</summary>
internal sealed class SftpFailure(SftpStatus status, string message) : Exception(message)
{
    public SftpStatus Status { get; } = status;
}

/// <summary>The server violated the protocol: nothing that it has sent is trusted, and the connection ends.</summary>
internal sealed class SftpViolation(string what) : Exception(what);
