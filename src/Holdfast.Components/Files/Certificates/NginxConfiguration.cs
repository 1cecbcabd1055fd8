using Holdfast.Components.Files.Paths;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// nginx.conf and the files that it includes. Relative paths are resolved against the folder of the main configuration
/// file. Source: nginx, ngx_conf_full_name and the reference of ngx_http_ssl_module.
/// </summary>
internal sealed class NginxConfiguration : INamesCertificates
{
    private static readonly Dictionary<string, NamedRole> _roles = new(StringComparer.Ordinal)
    {
        ["certificate"] = NamedRole.Certificate,
        ["certificate_key"] = NamedRole.Key,
        ["client_certificate"] = NamedRole.Authorities,
        ["trusted_certificate"] = NamedRole.Authorities,
        ["dhparam"] = NamedRole.Other,
        ["crl"] = NamedRole.Other,
        ["stapling_file"] = NamedRole.Other,
        ["password_file"] = NamedRole.Other,
        ["session_ticket_key"] = NamedRole.Other,
    };

    public string Program => "nginx";

    public Fit FitOf(string path) =>
        Path.GetFileName(path) is "nginx.conf" ? Fit.Main
        : Path.GetDirectoryName(path)!.Contains("nginx", StringComparison.Ordinal) && path.EndsWith(".conf", StringComparison.Ordinal) ? Fit.Part
        : IsOfSites(path) ? Fit.Part
        : Fit.None;

    // Debian's folders of virtual hosts, whose files need no suffix; backup files of editors and packages have one.
    private static bool IsOfSites(string path) =>
        Path.GetFileName(Path.GetDirectoryName(path)) is "sites-enabled" or "sites-available"
        && Path.GetFileName(path) is var name && !name.StartsWith('.') && !name.EndsWith('~') && Path.GetExtension(name) is not (".bak" or ".old" or ".orig" or ".dpkg-old" or ".dpkg-dist" or ".dpkg-new")
        && !path.Contains("/apache2/", StringComparison.Ordinal) && !path.Contains("/httpd/", StringComparison.Ordinal);

    public IEnumerable<NamedFile> Read(string path, ConfigurationReader reader)
    {
        var servers = new NginxServers();
        foreach (var named in Read(path, Base(path), reader, servers, 0)) yield return named;
        foreach (var bare in servers.WithoutCertificate)
            reader.Report($"A server in {bare} listens with TLS, and no certificate for it was found in the configuration.", "Check its 'ssl_certificate', and name the files under 'files' in the profile if they are needed.");
    }

    private static IEnumerable<NamedFile> Read(string path, string folder, ConfigurationReader reader, NginxServers servers, int depth)
    {
        if (reader.IsTooDeep(path, depth)) yield break;
        foreach (var (words, end) in NginxText.Directives(reader.Text(path) ?? ""))
        {
            servers.Add(words, end, path);
            if (words is ["include", var pattern])
            {
                foreach (var included in reader.Expand(path, Path.Combine(folder, pattern)))
                    foreach (var named in Read(included, folder, reader, servers, depth + 1)) yield return named;
            }
            else if (words is [var setting, var value] && RoleOf(setting) is { } role && Resolve(path, setting, value, folder, reader) is { } file)
            {
                yield return new(file, role, setting, path);
            }
        }
    }

    // ssl_certificate, and the same for upstreams: proxy_ssl_certificate, grpc_ssl_certificate, uwsgi_ssl_certificate.
    private static NamedRole? RoleOf(string setting)
    {
        var ssl = setting.IndexOf("ssl_", StringComparison.Ordinal);
        return ssl >= 0 && _roles.TryGetValue(setting[(ssl + 4)..], out var role) ? role : null;
    }

    private static string? Resolve(string path, string setting, string value, string folder, ConfigurationReader reader)
    {
        // The key itself, or a key in a hardware module, may be given in place of a file's name.
        if (value.StartsWith("data:", StringComparison.Ordinal) || value.StartsWith("engine:", StringComparison.Ordinal)) return null;
        if (!value.Contains('$', StringComparison.Ordinal)) return Path.GetFullPath(Path.Combine(folder, value));
        reader.Riddle(path, setting, value);
        return null;
    }

    // A part that is read by itself belongs to the main file above it.
    private static string Base(string path)
    {
        var own = Path.GetDirectoryName(path)!;
        for (var folder = own; folder is not null; folder = Path.GetDirectoryName(folder))
            if (Disk.IsFile($"{folder}/nginx.conf")) return folder;
        return own;
    }
}
