namespace Holdfast.Engine.Profiles;

/// <summary>
/// A secret by reference: { file: PATH }, { env: NAME }, { credential: NAME } (systemd's $CREDENTIALS_DIRECTORY) or
/// { command: [program, arguments] } (its standard output). One trailing line break is not part of it.
/// </summary>
public interface ISecretReader
{
    /// <exception cref="Problems.ProblemException">The secret cannot be read; the message names the reference, never
    /// the value.</exception>
    Task<string> ReadAsync(ProfileNode reference, CancellationToken cancellation);
}
