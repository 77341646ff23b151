"""Makes every call that mailmanclient has against a running server, and fails at the first surprise.

    every_call.py BASE USER PASSWORD

At the end it looks which public functions of the client were never entered: there may be none but those in SPARED.
"""

import inspect
import sys
import time
from urllib.error import HTTPError

import mailmanclient
from mailmanclient import Client
from mailmanclient.restbase import base, page
from mailmanclient.restobjects import (
    address, archivers, ban, configuration, domain, header_match, held_message, mailinglist, member,
    preferences, queue, settings, styles, templates, user)

# Old names that only warn, and what no server is asked for.
SPARED = {
    'Domain.web_host', 'Domain.base_url', 'MailingList.manage_request', 'Client.add_hooks',
}
MODULES = [
    address, archivers, ban, configuration, domain, header_match, held_message, mailinglist, member,
    preferences, queue, settings, styles, templates, user, sys.modules[Client.__module__], page]

entered = set()


def watch(frame, event, _):
    if event == 'call':
        entered.add(frame.f_code)


def eventually(what, look):
    """Waits until look() gives something true."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError('%s did not happen' % what)


def ready(client):
    """A server answers before its database has its tables, and says so."""
    try:
        return client.domains == []
    except HTTPError as error:
        assert error.code == 503, (error.code, error.msg)
        return False


def refused(code, call, *words, **named):
    try:
        call(*words, **named)
    except HTTPError as error:
        assert error.code == code, (error.code, error.msg)
        return error.msg
    raise AssertionError('%r was not refused' % (call,))


def same(got, wanted):
    assert got == wanted, 'got %r, wanted %r' % (got, wanted)


def system(client):
    assert client.system['mailman_version'].startswith('GNU Mailman')
    same(client.system['api_version'], '3.1')
    same(client.preferences['delivery_mode'], 'regular')
    assert 'mailman' in client.configuration
    same(client.configuration['mailman']['noreply_address'], 'noreply')
    same(client.pipelines['pipelines'], ['default-owner-pipeline', 'default-posting-pipeline', 'virgin'])
    assert 'hold' in client.chains['chains']
    same(len(client.queues), 12)
    assert 'directory' in dir(client.queues['in']) or client.queues['in'].directory
    same(client.styles['default'], 'legacy-default')
    assert 'legacy-announce' in client.styles['style_names']


def domains(client):
    refused(404, client.get_domain, 'nothing.example')
    client.create_domain('gone.example')
    same(refused(400, client.create_domain, 'gone.example'), 'Duplicate email host: gone.example')
    one = client.create_domain('example.com', description='First', owner='root@example.com', alias_domain='a.example')
    same((one.mail_host, one.description, one.alias_domain), ('example.com', 'First', 'a.example'))
    one.description = 'Changed'
    one.save()
    one = client.get_domain('example.com')
    same(one.description, 'Changed')
    same([each.mail_host for each in client.domains], ['example.com', 'gone.example'])
    one.add_owner('other@example.com')
    same(sorted(each.addresses[0].email for each in one.owners), ['other@example.com', 'root@example.com'])
    one.remove_all_owners()
    same(len(one.owners), 0)
    client.delete_domain('gone.example')
    temporary = client.create_domain('temporary.example')
    temporary.delete()
    same([each.mail_host for each in client.domains], ['example.com'])
    one.set_template('list:user:notice:welcome', 'http://localhost:1/welcome')
    same([each.name for each in one.templates], ['list:user:notice:welcome'])
    one.set_template('list:user:notice:welcome', '')
    same(len(one.templates), 0)
    return one


def lists(client, one):
    ant = one.create_list('ant')
    bee = one.create_list('bee', style_name='legacy-announce')
    same(refused(400, one.create_list, 'ant'), 'Mailing list exists')
    same((ant.list_id, ant.fqdn_listname, ant.member_count), ('ant.example.com', 'ant@example.com', 0))
    same([each.list_id for each in client.lists], ['ant.example.com', 'bee.example.com'])
    same([each.list_id for each in one.lists], ['ant.example.com', 'bee.example.com'])
    bee.settings['advertised'] = False
    bee.settings.save()
    same([each.list_id for each in client.get_lists(advertised=True)], ['ant.example.com'])
    same([each.list_id for each in one.get_lists(advertised=True)], ['ant.example.com'])
    leaf = client.get_list_page(count=1, page=1)
    same((leaf.total_size, leaf.has_next, [each.list_id for each in leaf]), (2, True, ['ant.example.com']))
    same([each.list_id for each in leaf.next], ['bee.example.com'])
    same(leaf.next.nr, 2)
    same([each.list_id for each in leaf.next.previous], ['ant.example.com'])
    same(client.get_list_page(count=0, page=1, advertised=True, mail_host='example.com').total_size, 1)
    same(one.get_list_page(count=10, page=1, advertised=True).total_size, 1)
    same(client.get_list('ant@example.com').list_id, 'ant.example.com')
    refused(404, client.get_list, 'none@example.com')
    same(client.styles['default'], 'legacy-default')
    return ant, bee


def config(ant):
    same(ant.settings['description'], '')
    ant.settings['description'] = 'All about ants'
    ant.settings['acceptable_aliases'] = ['ants@example.com']
    ant.settings['default_member_action'] = 'accept'
    ant.settings.save()
    fresh = type(ant)(ant._connection, ant._url)
    same(fresh.settings['description'], 'All about ants')
    same(fresh.settings['acceptable_aliases'], ['ants@example.com'])
    fresh.settings['acceptable_aliases'] = ''
    fresh.settings.save()
    switches = ant.archivers
    for name in list(switches):
        switches[name] = False
        same(dict(ant.archivers)[name], False)
    ant.archivers = {name: True for name in dict(switches)}


def people(client, ant):
    anne = client.create_user('anne@example.com', 'secret', 'Anne')
    client.create_user('bart@example.com', 'secret')
    same(client.get_user('anne@example.com').user_id, anne.user_id)
    assert {'Anne'} <= {each.display_name for each in client.users}
    same(client.get_user_page(count=1, page=1).total_size, len(client.users))
    same([each.display_name for each in client.find_users('ann')], ['Anne'])
    same(client.find_users_page('ann', 10, 1).total_size, 1)
    refused(404, client.get_user, 'nobody@example.com')
    anne.display_name = 'Anne Person'
    anne.password = 'other'
    anne.is_server_owner = True
    anne.save()
    same(client.get_user(anne.user_id).display_name, 'Anne Person')
    assert client.get_user(anne.user_id).password.startswith('$')
    anne.is_server_owner = False
    anne.save()
    second = anne.add_address('second@example.com')
    same(sorted(each.email for each in anne.addresses), ['anne@example.com', 'second@example.com'])
    same(anne.addresses.find_by_email('second@example.com').email, 'second@example.com')
    second.display_name = 'Second'
    second.save()
    same(second.verified, False)
    second.verify()
    same(second.verified, True)
    second.unverify()
    same(second.verified, False)
    same(client.get_address('second@example.com').user.user_id, anne.user_id)
    second.preferences['delivery_mode'] = 'mime_digests'
    second.preferences.save()
    anne.add_address('bart@example.com', absorb_existing=True)
    same(len(anne.addresses), 3)
    anne.addresses.remove('bart@example.com')
    same(anne.preferred_address, None)
    first = client.get_address('anne@example.com')
    first.verify()
    anne.preferred_address = 'anne@example.com'
    same(client.get_user(anne.user_id).preferred_address.email, 'anne@example.com')
    anne.preferred_address = None
    same(client.get_user(anne.user_id).preferred_address, None)
    anne.preferences['hide_address'] = False
    anne.preferences.save()
    same(client.get_user(anne.user_id).preferences['hide_address'], False)
    anne.preferences.delete()
    same(client.get_user(anne.user_id).preferences['hide_address'], None)
    return anne


def members(client, ant, anne):
    one = ant.subscribe('anne@example.com', pre_verified=True, pre_confirmed=True, pre_approved=True,
                        display_name='Anne', send_welcome_message=False, delivery_mode='regular',
                        delivery_status='enabled')
    same((one.email, one.role, one.address.email, one.user.user_id),
         ('anne@example.com', 'member', 'anne@example.com', anne.user_id))
    refused(409, ant.subscribe, 'anne@example.com', pre_verified=True, pre_confirmed=True)
    same(client.get_member('ant@example.com', 'anne@example.com').email, 'anne@example.com')
    one.moderation_action = 'hold'
    one.delivery_mode = 'mime_digests'
    one.save()
    same(ant.get_member('anne@example.com').moderation_action, 'hold')
    one.preferences['acknowledge_posts'] = True
    one.preferences.save()
    same(ant.get_member('anne@example.com').preferences['acknowledge_posts'], True)
    ant.add_owner('owner@example.com', 'The Owner')
    ant.add_moderator('moderator@example.com')
    ant.add_role('nonmember', 'stranger@example.com')
    same([each.email for each in ant.owners], ['owner@example.com'])
    same([each.email for each in ant.moderators], ['moderator@example.com'])
    same([each.email for each in ant.nonmembers], ['stranger@example.com'])
    same([each.email for each in ant.members], ['anne@example.com'])
    same([each.email for each in ant.get_roster('owner', fields=['email'])], ['owner@example.com'])
    same(client.get_nonmember('ant@example.com', 'stranger@example.com').role, 'nonmember')
    same(ant.get_nonmember('stranger@example.com').role, 'nonmember')
    same([each.email for each in ant.get_member_page(count=10, page=1)], ['anne@example.com'])
    same({each.role for each in ant.find_members('an*')}, {'member'})
    same(len(ant.find_members(role='owner', page=1, count=5)), 1)
    same(ant.find_members('nobody@example.com'), [])
    assert ant.is_owner('owner@example.com') and not ant.is_owner('anne@example.com')
    assert ant.is_moderator('moderator@example.com') and ant.is_member('anne@example.com')
    assert ant.is_owner_or_mod('moderator@example.com')
    same(len(client.members), 3)
    same(client.get_member_page(count=2, page=2).total_size, 3)
    same([each.list_id for each in client.find_lists('anne@example.com')], ['ant.example.com'])
    same([each.list_id for each in client.find_lists('anne@example.com', role='member', mail_host='example.com')],
         ['ant.example.com'])
    refused(404, client.find_lists, 'nobody@example.com')
    same([each.list_id for each in anne.subscriptions], ['ant.example.com'])
    same(anne.subscription_list_ids, ['ant.example.com'])
    ant.remove_owner('owner@example.com')
    ant.remove_moderator('moderator@example.com')
    ant.remove_role('nonmember', 'stranger@example.com')
    same((ant.owners, ant.moderators, ant.nonmembers), ([], [], []))
    ant.subscribe('mass@example.com', pre_verified=True, pre_confirmed=True, pre_approved=True)
    gone = ant.mass_unsubscribe(['mass@example.com', 'nobody@example.com'])
    same((gone['mass@example.com'], gone['nobody@example.com']), (True, False))
    ant.subscribe('leaver@example.com', pre_verified=True, pre_confirmed=True, pre_approved=True)
    ant.unsubscribe('leaver@example.com')
    again = ant.subscribe('leaver@example.com', pre_verified=True, pre_confirmed=True, pre_approved=True)
    again.unsubscribe()
    same([each.email for each in ant.members], ['anne@example.com'])
    waits = ant.subscribe('invited@example.com', invitation=True)
    same(waits['token_owner'], 'subscriber')


def requests(ant):
    ant.settings['subscription_policy'] = 'moderate'
    ant.settings['unsubscription_policy'] = 'moderate'
    ant.settings.save()
    tokens = []
    for number in range(4):
        told = ant.subscribe('asks%d@example.com' % number, pre_verified=True, pre_confirmed=True)
        same(told['token_owner'], 'moderator')
        tokens.append(told['token'])
    same(ant.get_requests_count(token_owner='moderator'), 4)
    assert ant.get_requests_count() >= 4
    same([each['email'] for each in ant.get_requests(token_owner='moderator')],
         ['asks%d@example.com' % number for number in range(4)])
    assert len(ant.requests) >= 4
    same(ant.get_request(tokens[0])['token_owner'], 'moderator')
    ant.defer_request(tokens[0])
    ant.accept_request(tokens[0])
    ant.reject_request(tokens[1])
    ant.discard_request(tokens[2])
    ant.moderate_request(tokens[3], 'reject', reason='No room')
    same(ant.get_requests_count(token_owner='moderator'), 0)
    assert ant.is_member('asks0@example.com')
    told = ant.unsubscribe('asks0@example.com', pre_confirmed=False, pre_approved=False)
    same(told['token_owner'], 'moderator')
    same([each['email'] for each in ant.unsubscription_requests], ['asks0@example.com'])
    ant.moderate_request(told['token'], 'accept')
    assert not ant.is_member('asks0@example.com')


def post(client, number):
    text = ('From: stranger%d@example.com\nTo: ant@example.com\nSubject: Gr=?utf-8?q?=C3=BC?=n %d\n'
            'Message-ID: <%d@every.call>\n\nHello\n') % (number, number, number)
    client.queues['in'].inject('ant.example.com', text)


def held(client, ant):
    for number in range(5):
        post(client, number)
    eventually('draining', lambda: not client.queues['in'].files)
    eventually('holding', lambda: ant.get_held_count() == 5)
    first = ant.held[0]
    same((first.message_id, first.sender, first.reason),
         ('<%s@every.call>' % first.subject.split()[-1], first.sender, 'The message is not from a list member'))
    assert 'Hello' in first.msg and first.hold_date
    same(ant.get_held_page(count=2, page=2).total_size, 5)
    same(ant.get_held_message(first.request_id).request_id, first.request_id)
    ids = [each.request_id for each in ant.held]
    ant.defer_message(ids[0])
    ant.get_held_message(ids[0]).defer()
    ant.moderate_message(ids[0], 'discard', comment='No')
    ant.discard_message(ids[1])
    ant.reject_message(ids[2], reason='No')
    ant.accept_message(ids[3])
    ant.get_held_message(ids[4]).discard()
    eventually('deciding', lambda: ant.get_held_count() == 0)
    for number in range(10, 12):
        post(client, number)
    eventually('holding again', lambda: ant.get_held_count() == 2)
    one, two = ant.held
    one.reject('Not here')
    two.accept()
    eventually('deciding again', lambda: ant.get_held_count() == 0)
    refused(404, ant.discard_message, ids[0])


def rules(client, ant):
    for bans in (client.bans, ant.bans):
        same(len(bans), 0)
        one = bans.add('bad@example.com')
        same((one.email, 'bad@example.com' in bans, 'good@example.com' in bans), ('bad@example.com', True, False))
        same(bans.find_by_email('bad@example.com').email, 'bad@example.com')
        bans.remove('bad@example.com')
        pattern = bans.add('^spam.*@example.com')
        assert 'spammer@example.com' in bans
        pattern.delete()
    ban_here = ant.bans.add('bad@example.com')
    same(ban_here.mailinglist.list_id, 'ant.example.com')
    same(ant.get_bans_page(count=5, page=1).total_size, 1)
    ban_here.delete()
    client.bans.add('bad@example.com')
    same(client.get_bans_page(count=5, page=1).total_size, 1)
    client.bans.remove('bad@example.com')
    matches = ant.header_matches
    same(len(matches), 0)
    one = matches.add('X-Spam', 'yes', 'discard', tag='mine')
    matches.add('X-Spam', 'maybe', 'hold')
    same((one.header, one.pattern, one.action, one.position), ('x-spam', 'yes', 'discard', 0))
    same(len(matches.find(header='x-spam')), 2)
    same(len(matches.find(tag='mine')), 1)
    same((matches.find(tag='none'), matches.find()), ([], []))
    one.pattern = 'certainly'
    one.position = 1
    one.save()
    same([each.pattern for each in ant.header_matches], ['maybe', 'certainly'])
    ant.header_matches[0].delete()
    matches = ant.header_matches
    matches.clear()
    same(len(ant.header_matches), 0)


def texts(client, ant):
    for place in (client, ant):
        same(len(place.templates), 0)
        place.set_template('list:user:notice:goodbye', 'http://localhost:1/x', 'user', 'password')
        found = place.templates[0]
        same((found.name, found.uri, found.username), ('list:user:notice:goodbye', 'http://localhost:1/x', 'user'))
        found.delete()
        same(len(place.templates), 0)
    same(client.get_templates_page(count=5, page=1).total_size, 0)


def farewell(client, ant, bee, anne):
    assert len(client.queues['in'].files) == 0
    bee.delete()
    client.delete_list('ant@example.com')
    same(len(client.lists), 0)
    anne.delete()
    refused(404, client.get_user, 'anne@example.com')
    client.delete_domain('example.com')


def missed():
    names = {}
    for module in MODULES:
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ != module.__name__:
                continue
            for name, thing in vars(kind).items():
                parts = [thing.fget, thing.fset] if isinstance(thing, property) else [thing]
                for part in parts:
                    if inspect.isfunction(part) and not name.startswith('_'):
                        names.setdefault('%s.%s' % (kind.__name__, name), set()).add(part.__code__)
    return sorted(name for name, codes in names.items() if not codes <= entered and name not in SPARED)


def main():
    client = Client('%s/3.1' % sys.argv[1], sys.argv[2], sys.argv[3])
    eventually('the database', lambda: ready(client))
    sys.setprofile(watch)
    system(client)
    one = domains(client)
    ant, bee = lists(client, one)
    config(ant)
    anne = people(client, ant)
    members(client, ant, anne)
    requests(ant)
    held(client, ant)
    rules(client, ant)
    texts(client, ant)
    farewell(client, ant, bee, anne)
    sys.setprofile(None)
    never = missed()
    assert not never, 'never called: %s' % ', '.join(never)
    print('every call of mailmanclient %s made' % getattr(mailmanclient, '__version__', ''))


main()
