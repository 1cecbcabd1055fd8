using Holdfast.Components.Postgres;

namespace Holdfast.ServerTests.Postgres;

/// <summary>A dump as plain files, for tests that need no repository.</summary>
internal sealed class FolderDump(string folder) : IDumpTarget, IDumpSource
{
    /// <summary>Called with each path before it is written; a test throws or kills from here.</summary>
    public Func<string, Task>? OnAdd { get; set; }

    /// <summary>Called with each path before it is read back.</summary>
    public Func<string, Task>? OnOpen { get; set; }

    public async Task AddAsync(string path, Stream content, CancellationToken cancellation)
    {
        if (OnAdd is not null) await OnAdd(path);
        var file = this[path];
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await using var output = File.Create(file);
        await content.CopyToAsync(output, 256 << 10, cancellation);
    }

    public async Task<Stream> OpenAsync(string path, CancellationToken cancellation)
    {
        if (OnOpen is not null) await OnOpen(path);
        return File.OpenRead(this[path]);
    }

    public Task<IReadOnlyList<string>> ListFoldersAsync(string path, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<string>>([.. Directory.GetDirectories(this[path]).Select(found => Path.GetFileName(found)).Order(StringComparer.Ordinal)]);

    public string this[string path] => folder + path;
}
