using System.Collections.Concurrent;
using System.Globalization;
using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Sftp;

/// <summary>
/// The connections to one server. Each serves one operation at a time and is then reused; a failed one is closed.
/// Operations are retried after transient failures. May be used by several threads.
/// </summary>
internal sealed class SftpPool
{
    private readonly SftpLocation _location;
    private readonly SftpOptions _options;
    private readonly RetryPolicy _retries;
    private readonly Lazy<IPipedProgram> _program;
    private readonly SemaphoreSlim[] _places;
    private readonly ConcurrentStack<SftpChannel> _idle = new(); // they exist as long as the process, as backends do

    public SftpPool(SftpLocation location, SftpOptions options)
    {
        (_location, _options, _retries) = (location, options, new RetryPolicy(options));
        _places = [new(options.Traffic.Connections), new(1)]; // a lock must be refreshed in time, however long all other operations take
        var make = options.Program ?? throw new ResticException(ResticError.Unsupported, $"Nothing says how ssh is started, which connects to {location}.");
        _program = new Lazy<IPipedProgram>(() => make(location));
    }

    /// <summary>Runs an operation on a connection, and again on another one after each transient failure.</summary>
    /// <param name="act">The operation; it gets the number of earlier attempts.</param>
    /// <param name="isOfLocks">Whether it is an operation on locks, for which a connection is reserved.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    /// <exception cref="ResticException">Unreachable, Refused, InputOutput, or what <paramref name="act"/> throws.</exception>
    /// <exception cref="SftpFailure">The server refused the operation.</exception>
    public async Task<T> RunAsync<T>(Func<SftpChannel, int, Task<T>> act, bool isOfLocks, CancellationToken cancellation)
    {
        var places = _places[isOfLocks ? 1 : 0];
        await places.WaitAsync(cancellation);
        try
        {
            return await _retries.RunAsync(tries => TryAsync(channel => act(channel, tries), cancellation), cancellation);
        }
        finally
        {
            places.Release();
        }
    }

    private async Task<T> TryAsync<T>(Func<SftpChannel, Task<T>> act, CancellationToken cancellation)
    {
        using var watch = new RestWatch(_options, cancellation);
        SftpChannel? channel = null;
        var isGreeted = false;
        try
        {
            channel = await ConnectAsync(watch);
            isGreeted = true;
            _retries.NoteAnswer();
            var result = await act(channel);
            Keep(ref channel);
            return result;
        }
        catch (SftpFailure)
        {
            Keep(ref channel);
            throw;
        }
        catch (OperationCanceledException stopped) when (!cancellation.IsCancellationRequested)
        {
            var seconds = _options.StallWithLimits.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
            throw Unreachable($"{_location} did not take a connection, or did next to nothing for {seconds} seconds.", stopped);
        }
        catch (ResticException ended) when (ended.Error == ResticError.Refused && isGreeted)
        {
            throw Unreachable(ended.Message, ended); // authentication succeeded before
        }
        catch (IOException ended)
        {
            throw Unreachable($"{_location} cannot be reached: {ended.Message.TrimEnd('.')}.", ended);
        }
        catch (SftpViolation wrong)
        {
            throw new ResticException(ResticError.InputOutput, $"{_location} does not keep to the protocol SFTP: {wrong.Message}.", wrong);
        }
        finally
        {
            if (channel is not null) GiveUp(channel);
        }
    }

    private async Task<SftpChannel> ConnectAsync(RestWatch watch)
    {
        if (_idle.TryPop(out var idle))
        {
            idle.Watch = watch;
            return idle;
        }
        var stream = await _program.Value.StartAsync(watch.Token);
        return await SftpChannel.OpenAsync(_options.Traffic.Limit(stream), watch);
    }

    private void Keep(ref SftpChannel? channel)
    {
        if (channel is not null) _idle.Push(channel);
        channel = null;
    }

    /// <summary>Closes idle connections: the failure of one has often ended the others, too.</summary>
    private void GiveUp(SftpChannel channel)
    {
        channel.Dispose();
        while (_idle.TryPop(out var idle)) idle.Dispose();
    }

    private static ResticException Unreachable(string message, Exception inner) => new(ResticError.Unreachable, message, inner);
}
