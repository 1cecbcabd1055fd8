using System.CommandLine;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Problems;
using Holdfast.Restic;

namespace Holdfast.Cli.Commands;

/// <summary>Passwords of the repository: each key file opens the same repository with a password of its own.</summary>
internal static class KeysCommand
{
    private static readonly Argument<string> Key = new("key") { Description = "Its id, or the beginning of it.", HelpName = "KEY" };
    private static readonly Option<string?> NewPasswordFile = new("--new-password-file")
    {
        Description = "Read the new password from this file; without it a person is asked.", HelpName = "FILE",
    };

    public static Command Make(Launcher launcher) => new("keys", "Passwords that open the repository.")
    {
        launcher.Start(new Command("list", "Lists the keys, each of which has a password."), ListAsync),
        launcher.Start(new Command("add", "Adds a key with another password.") { NewPasswordFile }, AddAsync),
        launcher.Start(new Command("remove", "Removes a key: its password opens the repository no more.") { Key }, RemoveAsync),
        launcher.Start(new Command("password", "Replaces the password that was used by a new one.") { NewPasswordFile }, ReplaceAsync),
    };

    private static async Task<ExitCode> ListAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var repository = await session.OpenAsync(cancellation);
        var rows = (await repository.ListKeysAsync(cancellation)).OrderBy(key => key.Created).Select(KeyEvent.Of).ToList();
        session.Output.Report(KeyEvent.Table(rows), rows);
        return ExitCode.Success;
    }

    private static async Task<ExitCode> AddAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var repository = await session.OpenAsync(cancellation);
        var added = await repository.AddKeyAsync(await ReadAsync(session, parsed, cancellation), cancellation: cancellation);
        session.Output.Report(new MessageEvent($"Added key {added.Id.ToShortString()}."));
        return ExitCode.Success;
    }

    private static async Task<ExitCode> RemoveAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var repository = await session.OpenAsync(cancellation);
        var name = parsed.GetRequiredValue(Key);
        var keys = await repository.ListKeysAsync(cancellation);
        var found = keys.Where(key => name.Length > 0 && key.Id.ToString().StartsWith(name, StringComparison.Ordinal)).ToList();
        if (found is not [var key])
        {
            var message = found.Count == 0 ? $"No key begins with '{name}'." : $"{found.Count} keys begin with '{name}'.";
            throw Catalogue.Usage.Throwable(message, "'holdfast repo keys list' shows them.");
        }
        if (key.Current)
        {
            throw Catalogue.Usage.Throwable(
                $"Key {key.Id.ToShortString()} is the one whose password was used.",
                "Use the password of another key, or replace this one by 'holdfast repo keys password'.");
        }
        await repository.RemoveKeyAsync(key.Id, cancellation);
        session.Output.Report(new MessageEvent($"Removed key {key.Id.ToShortString()}."));
        return ExitCode.Success;
    }

    /// <summary>The old key goes when the new password has opened the repository.</summary>
    private static async Task<ExitCode> ReplaceAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var repository = await session.OpenAsync(cancellation);
        var old = (await repository.ListKeysAsync(cancellation)).Single(key => key.Current);
        var password = await ReadAsync(session, parsed, cancellation);
        var added = await repository.AddKeyAsync(password, cancellation: cancellation);
        await using (var opened = await Repository.OpenAsync(repository.Backend, password, repository.Options, cancellation))
            await opened.RemoveKeyAsync(old.Id, cancellation);
        session.Output.Report(new MessageEvent($"Key {added.Id.ToShortString()} has taken the place of {old.Id.ToShortString()}."));
        var place = session.Source.PasswordFile is { } file ? file : "the place where the password is read";
        var next = $"Next: put the new password into {place}, or the next backup fails; and write a new recovery kit with 'holdfast repo kit'.";
        session.Output.Report(new MessageEvent(next));
        return ExitCode.Success;
    }

    private static async Task<string> ReadAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(NewPasswordFile) is { } file) return await session.Source.ReadPasswordAsync(file, cancellation);
        return session.CanAsk
            ? await PasswordSetup.AskAsync(session, cancellation)
            : throw Catalogue.Usage.Throwable(
                "No one is here to be asked for the new password.", "Name a file that holds it with --new-password-file.");
    }
}
