using System.Globalization;
using System.Text;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Posix;

namespace Holdfast.Cli.Sessions;

/// <summary>
/// The parts of a repository that must also be kept elsewhere: its config and its keys, a few hundred bytes without
/// which no data can be decrypted, and instructions for their use. The layout is that of a repository, so that stock
/// restic and a plain copy can use it.
/// </summary>
internal static class RecoveryKit
{
    private const UnixFileMode OwnersFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Writes the kit into a directory that does not exist yet, or is empty, and verifies it by opening it with the
    /// password.
    /// </summary>
    /// <exception cref="ProblemException">HF-REPO-KIT: the directory is not empty, or the kit cannot be
    /// written.</exception>
    public static async Task WriteAsync(Repository repository, RepositorySettings settings, string directory, bool withPassword, DateTimeOffset now, CancellationToken cancellation)
    {
        await GuardAsync(directory, async folder =>
        {
            using var keys = OutputFolder.Open(Path.Combine(directory, "keys"), OwnersFolder);
            foreach (var (kind, place) in new[] { (FileKind.Config, folder), (FileKind.Key, keys) })
                await foreach (var file in repository.Backend.ListAsync(kind, cancellation))
                    place.Create(kind == FileKind.Config ? "config" : file.Name, await ReadAsync(repository.Backend, kind, file, cancellation), OwnersFile);
            if (withPassword) folder.Create("password", Encoding.UTF8.GetBytes(settings.Password + "\n"), OwnersFile);
            folder.Create("README.txt", Encoding.UTF8.GetBytes(Describe(repository, withPassword, now)), OwnersFile);
        });
        await using var kit = await OpenAsync(directory, settings, cancellation);
    }

    /// <summary>Puts back what the repository lacks of the kit. What is there is never replaced.</summary>
    /// <returns>The files that were put back, as they are named in a repository.</returns>
    /// <exception cref="ProblemException">HF-REPO-KIT: the password does not open the kit, or the repository has another config.</exception>
    public static async Task<IReadOnlyList<string>> RestoreAsync(RepositorySettings settings, string directory, CancellationToken cancellation)
    {
        await using var kit = await OpenAsync(directory, settings, cancellation);
        var restored = new List<string>();
        foreach (var kind in (FileKind[])[FileKind.Key, FileKind.Config])
        {
            var there = await ListAsync(settings.Backend, kind, cancellation);
            await foreach (var file in kit.Backend.ListAsync(kind, cancellation))
            {
                var bytes = await ReadAsync(kit.Backend, kind, file, cancellation);
                if (there.FirstOrDefault(one => one.Name == file.Name) is { Name: not null } standing)
                {
                    var own = await ReadAsync(settings.Backend, kind, standing, cancellation);
                    if (!own.AsSpan().SequenceEqual(bytes)) throw Differs(NameOf(kind, file.Name), settings);
                    continue;
                }
                await settings.Backend.SaveAsync(kind, file.Name, bytes, cancellation);
                restored.Add(NameOf(kind, file.Name));
            }
        }
        await using var opened = await Repository.OpenAsync(settings.Backend, settings.Password, settings.Options, cancellation);
        return restored;
    }

    private static ProblemException Differs(string name, RepositorySettings settings) => Catalogue.RepositoryKit.Throwable(
        $"'{name}' of the kit is not the one of the repository '{settings.Path}'.", "When the one of the repository is damaged, move it away and run the command again; else the kit is of another repository.");

    private static async Task<Repository> OpenAsync(string directory, RepositorySettings settings, CancellationToken cancellation)
    {
        try
        {
            return await Repository.OpenAsync(new LocalBackend(directory), settings.Password, settings.Options, cancellation);
        }
        catch (ResticException useless)
        {
            throw Catalogue.RepositoryKit.Throwable($"The kit in '{directory}' does not open: {useless.Message}", useless);
        }
    }

    private static async Task<IReadOnlyList<StoredFile>> ListAsync(IBackend backend, FileKind kind, CancellationToken cancellation)
    {
        var files = new List<StoredFile>();
        await foreach (var file in backend.ListAsync(kind, cancellation)) files.Add(file);
        return files;
    }

    private static async Task<byte[]> ReadAsync(IBackend backend, FileKind kind, StoredFile file, CancellationToken cancellation)
    {
        var bytes = new byte[Math.Min(file.Size, 1 << 20)];
        await backend.ReadAsync(kind, file.Name, 0, bytes, cancellation);
        return bytes;
    }

    private static string NameOf(FileKind kind, string name) => kind == FileKind.Config ? "config" : $"keys/{name}";

    private static async Task GuardAsync(string directory, Func<OutputFolder, Task> write)
    {
        try
        {
            using var folder = OutputFolder.Open(directory, OwnersFolder);
            if (folder.Names.Count > 0) throw Catalogue.RepositoryKit.Throwable($"The directory '{directory}' is not empty.");
            await write(folder);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.RepositoryKit.Throwable($"The kit cannot be written to '{directory}': {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    private static string Describe(Repository repository, bool withPassword, DateTimeOffset now) => string.Create(CultureInfo.InvariantCulture, $"""
        Recovery kit of a repository of Holdfast (restic's format {repository.Version})

        repository  {repository.RepositoryId}
        at          {repository.Backend.Location}
        of          {now.UtcDateTime:yyyy-MM-dd HH:mm} UTC, on {Environment.MachineName}

        Keep this away from the machine and from the repository. It opens nothing without the password{(withPassword ? ", WHICH LIES HERE IN CLEAR (password):\nwhoever has this directory can read all of the repository" : ",\nwhich is not in it: keep that too, in another place")}.

          config      what the repository was made with; there is no other way to get it back
          keys/       the keys, sealed with the passwords; their names must stay as they are
          password    only when it was asked for

        The repository has lost its config or its keys:

          holdfast repo kit --restore DIRECTORY --repository PATH --password-file FILE

        or by hand, which is all that the command does:

          cp DIRECTORY/config PATH/config; cp DIRECTORY/keys/* PATH/keys/; chmod 0400 PATH/config PATH/keys/*

        The machine is lost, and the repository is there:

          holdfast restore --repository PATH --password-file FILE --plan     (then without --plan)

        Without Holdfast, any restic from 0.14 on reads it:

          restic -r PATH --password-file FILE snapshots
          restic -r PATH --password-file FILE restore ID --target DIRECTORY

        """);
}
