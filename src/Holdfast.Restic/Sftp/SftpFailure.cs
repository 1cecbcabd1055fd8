namespace Holdfast.Restic.Sftp;

/// <summary>A request was refused by the server; the connection goes on.</summary>
internal sealed class SftpFailure(SftpStatus status, string message) : Exception(message)
{
    public SftpStatus Status { get; } = status;
}

/// <summary>The server does not keep to the protocol: nothing that it has sent is believed, and the connection ends.</summary>
internal sealed class SftpViolation(string what) : Exception(what);
