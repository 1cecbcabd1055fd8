using System.Security.Cryptography;
using System.Text;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Posix;

namespace Holdfast.Cli.Commands;

/// <summary>Sees to it that the file which is to hold the repository's password does: what is there already is never replaced.</summary>
internal sealed class PasswordSetup(Session session, bool canAsk)
{
    // No letters or digits that look alike: it may have to be typed from paper one night.
    private const string Letters = "abcdefghijkmnpqrstuvwxyz23456789";

    /// <summary>Makes the file if it is not there.</summary>
    /// <returns>What is good enough for the password: a random one need not be made expensive to guess.</returns>
    public async Task<KeyDerivation> PrepareAsync(bool generate, CancellationToken cancellation)
    {
        var file = session.Source.PasswordFile;
        if (file is null && generate) throw Catalogue.Usage.Throwable("A password cannot be generated: no file is named that is to hold it.", "Name it with --password-file, or as 'repository.password.file' in the profile.");
        if (file is null || File.Exists(file)) return KeyDerivation.Default;
        if (!generate && !canAsk) throw Catalogue.SecretUnreadable.Throwable($"The password file '{file}' is not there.", "Put the password there (mode 0600), or let one be made with --generate-password.");
        await LookAsync(file, generate, cancellation);
        Write(file, generate ? Generate() : await AskAsync(session, cancellation));
        return generate ? KeyDerivation.Random : KeyDerivation.Default;
    }

    /// <summary>A new random password opens no repository that exists, and would be taken for the lost one. A person may type the one that opens it.</summary>
    private async Task LookAsync(string file, bool generate, CancellationToken cancellation)
    {
        if (!await Repository.ExistsAsync(await session.Source.ReadBackendAsync(cancellation), cancellation) || !generate) return;
        throw Catalogue.RepositoryExists.Throwable(
            $"There is a repository in {session.Source.Path} already, and its password file '{file}' does not exist; no new password would open it, so none was written.",
            "Put the password of the repository into that file (mode 0600), or choose an empty directory for a new repository.");
    }

    /// <summary>Eight groups of four letters: 160 bits.</summary>
    private static string Generate() => string.Join('-', RandomNumberGenerator.GetString(Letters, 32).Chunk(4).Select(group => new string(group)));

    /// <summary>Asks the user twice for a new password.</summary>
    public static async Task<string> AskAsync(Session session, CancellationToken cancellation)
    {
        var first = await session.Prompt.AskAsync("New password of the repository:", hidden: true, cancellation);
        if (string.IsNullOrWhiteSpace(first)) throw Catalogue.PasswordMismatch.Throwable("The password is empty.");
        var second = await session.Prompt.AskAsync("Again:", hidden: true, cancellation);
        return first == second ? first : throw Catalogue.PasswordMismatch.Throwable("The two passwords differ.");
    }

    private void Write(string file, string password)
    {
        try
        {
            const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var folder = OutputFolder.Open(Path.GetDirectoryName(file)!, own | UnixFileMode.UserExecute);
            folder.Create(Path.GetFileName(file), Encoding.UTF8.GetBytes(password + "\n"), own);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.SecretUnreadable.Throwable($"The password file '{file}' cannot be written: {refused.Message.TrimEnd('.')}.", refused);
        }
        session.Output.Report(new MessageEvent($"Wrote the password to {file} (mode 0600)."));
    }
}
