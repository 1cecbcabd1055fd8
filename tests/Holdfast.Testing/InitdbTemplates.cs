using System.Collections.Concurrent;

namespace Holdfast.Testing;

/// <summary>
/// Data directories that initdb has made, one for each set of its arguments, for tests to copy: what PostgreSQL's own tests do with
/// INITDB_TEMPLATE, for a copy takes a tenth of the time. All copies of one template have the same system identifier.
/// </summary>
internal static class InitdbTemplates
{
    private static readonly Lazy<string> _folder = new(MakeFolder);
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> _made = new(StringComparer.Ordinal);

    /// <summary>The template for these arguments, made by <paramref name="initdb"/> at the first call with them.</summary>
    /// <param name="key">The program and all that it depends on: its arguments and the password.</param>
    /// <param name="initdb">Makes a data directory at the path that it is given.</param>
    public static Task<string> FindAsync(string key, Func<string, Task> initdb) =>
        _made.GetOrAdd(key, _ => new Lazy<Task<string>>(async () =>
        {
            var template = Path.Combine(_folder.Value, $"{Guid.NewGuid():N}");
            await initdb(template);
            return template;
        })).Value;

    private static string MakeFolder()
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-initdb-").FullName;
        if (Environment.IsPrivilegedProcess) Command.RunAsync("chown", ["postgres", folder]).GetAwaiter().GetResult().Succeeded();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }
}
