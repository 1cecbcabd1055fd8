using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// Reads secrets from the sources that a profile names. Messages name the reference, never the value.
/// </summary>
/// <param name="host">Runs the programs that print secrets.</param>
/// <param name="environment">Looks up an environment variable.</param>
/// <param name="folder">The folder of the profile, which relative paths are relative to.</param>
/// <param name="warn">Receives a warning for a file that other users can read.</param>
public sealed class SecretReader(IHost host, Func<string, string?> environment, string folder, Action<Problem>? warn = null) : ISecretReader
{
    /// <summary>The largest secret, 64 KiB.</summary>
    private const int MaximumSize = 64 << 10;

    private const int ReadableByOthers = 4; // 0004

    /// <inheritdoc/>
    public async Task<string> ReadAsync(ProfileNode reference, CancellationToken cancellation) => reference.Keys[0] switch
    {
        "file" => await FromFileAsync(Path.Combine(folder, reference["file"].Text)),
        "env" => FromEnvironment(reference["env"].Text),
        "credential" => await FromCredentialAsync(reference["credential"].Text),
        _ => await FromCommandAsync([.. reference["command"].Items.Select(item => item.Text)], cancellation),
    };

    /// <summary>Reads a secret from a file.</summary>
    /// <exception cref="ProblemException">The file cannot be read, is empty, or can be changed by another
    /// user.</exception>
    public Task<string> FromFileAsync(string path)
    {
        try
        {
            GuardedPath.Require(Path.GetFullPath(path), "The secret file");
            // Links are followed: only root or this user can have made them.
            using var file = OwnedFile.Open(path, followLinks: true);
            var text = Encoding.UTF8.GetString(file.Read(MaximumSize));
            if ((file.Mode & ReadableByOthers) != 0) warn?.Invoke(Catalogue.SecretExposed.With($"The secret file '{path}' can be read by every user of this machine."));
            return Task.FromResult(Checked(text, $"The secret file '{path}' is empty."));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.SecretUnreadable.Throwable($"The secret file '{path}' cannot be read: {unreadable.Message.TrimEnd('.')}.", unreadable);
        }
    }

    /// <summary>Reads a secret from the standard output of a program.</summary>
    public async Task<string> FromCommandAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        var (result, output) = await host.RunAsync(new ProgramCall(command[0], [.. command.Skip(1)]), cancellation);
        if (result.ExitCode != 0)
            throw Catalogue.SecretUnreadable.Throwable($"The secret's command '{command[0]}' ended with exit code {result.ExitCode}{Said(result.Errors)}.");
        return Checked(output, $"The secret's command '{command[0]}' wrote nothing.");
    }

    private string FromEnvironment(string name) => environment(name) is { } value
        ? Checked(value, $"The environment variable '{name}', which a secret is taken from, is empty.")
        : throw Catalogue.SecretUnreadable.Throwable($"The environment variable '{name}', which a secret is taken from, is not set.");

    private Task<string> FromCredentialAsync(string name) => environment("CREDENTIALS_DIRECTORY") is { Length: > 0 } credentials
        ? FromFileAsync(Path.Combine(credentials, name))
        : throw Catalogue.SecretUnreadable.Throwable(
            $"The systemd credential '{name}' cannot be read: CREDENTIALS_DIRECTORY is not set.", "Run as a systemd service with LoadCredential=, or refer to the secret in another way.");

    private static string Checked(string text, string whenEmpty)
    {
        var secret = WithoutLineBreak(text);
        return string.IsNullOrWhiteSpace(secret) ? throw Catalogue.SecretEmpty.Throwable(whenEmpty) : secret;
    }

    private static string WithoutLineBreak(string text)
    {
        if (text.EndsWith('\n')) text = text[..^1];
        return text.EndsWith('\r') ? text[..^1] : text;
    }

    private static string Said(string errors) => errors.Trim() is { Length: > 0 } said ? $", saying: {said.Split('\n')[^1].TrimEnd('.')}" : "";
}
